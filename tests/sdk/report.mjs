// What every driver in Node prints at the end: one line of JSON that the test reads.
import {readFileSync} from 'node:fs';

export const planted = JSON.parse(readFileSync(new URL('planted.json', import.meta.url)));

export const FAULT_EVENTS = 24;

export class Report {
  calls = [];
  sent = [];
  failed = [];
  elsewhere = [];

  print() {
    console.log(JSON.stringify(this));
  }
}

// Personal data in a value, nested values, an array, a number, a key, an encoded string and a URL. `plan` and `format` are
// allowed to leave, so there only the detectors stand between the value and the vendor.
export function properties(n) {
  return {
    n,
    plan: `pro ${planted.email}`,
    format: 'csv',
    email: planted.email,
    contact: {primary: {phone: planted.phone, all: [planted.email_two, planted.ip]}},
    card: Number(planted.card.replaceAll(' ', '')),
    [planted.email]: 'a key is data, too',
    by_person: {[planted.email_two]: 3},
    encoded: Buffer.from(planted.email).toString('base64'),
    link: `https://app.example.com/reset?email=${encodeURIComponent(planted.email)}&token=${planted.secret}`,
    note: planted.note,
    address: planted.street,
    $ip: planted.ip,
    ip: planted.ip,
    company: planted.organisation,
    none: null,
    flag: true,
  };
}
