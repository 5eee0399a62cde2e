// Loaded before everything else (`node --import`): no connection goes anywhere but to the one address in WEIR_ADDRESS; every other is
// recorded and refused. At the end one line of JSON says which.
import dgram from 'node:dgram';
import dns from 'node:dns';
import net from 'node:net';

const allowed = process.env.WEIR_ADDRESS;
const past = new Set();

function refuse(where) {
  past.add(where);
  const error = new Error(`trapped: ${where}`);
  error.code = 'ECONNREFUSED';
  return error;
}

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  // `net.connect` hands in an array that is normalised already.
  const first = Array.isArray(given[0]) ? given[0][0] : given[0];
  const options = typeof first === 'object' && first !== null ? first : {port: first, host: typeof given[1] === 'string' ? given[1] : 'localhost'};
  const where = options.path ?? `${options.host ?? 'localhost'}:${options.port}`;
  if (where === allowed) return connect.apply(this, given);
  const error = refuse(where);
  process.nextTick(() => this.destroy(error));
  return this;
};

for (const place of [dns, dns.promises]) {
  for (const name of Object.keys(place).filter((name) => /^(lookup|resolve)/.test(name))) {
    const original = place[name];
    if (typeof original !== 'function') continue;
    place[name] = function (host, ...rest) {
      if (net.isIP(String(host))) return original.call(this, host, ...rest);
      const error = refuse(`name ${host}`);
      const done = rest.at(-1);
      if (typeof done === 'function') return void process.nextTick(() => done(error));
      return Promise.reject(error);
    };
  }
}

dgram.Socket.prototype.send = function () {
  refuse('a datagram');
};

process.on('exit', () => console.log(JSON.stringify({past: [...past]})));
