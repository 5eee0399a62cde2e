//! A modest set of given and family names of many cultures, so that a name is known under a key that says nothing.
//!
//! Written without accents; names that are words, places or brands as often as names stand apart and count only beside one that
//! is not.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::LazyLock;

use crate::facts::WordHasher;
use crate::words::Words;

/// What is known of one word of a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Known {
    /// A name and hardly anything else.
    Name,
    /// A name, and as often a word, a place or a brand.
    Also,
    /// Stands inside names: `von`, `de`, `al`.
    Particle,
}

type Table = HashMap<Box<[u8]>, Known, BuildHasherDefault<WordHasher>>;

static NAMES: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::default();
    for (known, list) in LISTS {
        for word in list.split_whitespace() {
            table.insert(Words::of(word).ending(0).into(), known);
        }
    }
    table
});

/// The hash of a word of letters, one after the other in lower case: begin with [`FilterHash::NEW`].
#[derive(Clone, Copy)]
pub(crate) struct FilterHash(u32);

impl FilterHash {
    pub(crate) const NEW: FilterHash = FilterHash(0x811c_9dc5);

    #[inline]
    #[must_use]
    pub(crate) const fn with(self, letter: u8) -> FilterHash {
        FilterHash((self.0 ^ letter as u32).wrapping_mul(0x0100_0193))
    }

    const fn bit(self) -> usize {
        (self.0.wrapping_mul(0x9E37_79B1) >> 17) as usize
    }

    /// Whether a word of ASCII letters may be in the lists: one in ten of the others passes too.
    #[inline]
    pub(crate) fn may_be_listed(self) -> bool {
        FILTER[self.bit() / 64] >> (self.bit() % 64) & 1 == 1
    }
}

/// One bit of 32,768 for each word of the lists, so that most words need not be looked up.
static FILTER: [u64; 512] = {
    let mut filter = [0; 512];
    let mut list = 0;
    while list < LISTS.len() {
        let bytes = LISTS[list].1.as_bytes();
        let (mut at, mut hash) = (0, FilterHash::NEW);
        while at < bytes.len() {
            if bytes[at].is_ascii_alphabetic() || bytes[at] >= 0x80 {
                hash = hash.with(bytes[at]);
            } else {
                filter[hash.bit() / 64] |= 1 << (hash.bit() % 64);
                hash = FilterHash::NEW;
            }
            at += 1;
        }
        filter[hash.bit() / 64] |= 1 << (hash.bit() % 64);
        list += 1;
    }
    filter
};

const LISTS: [(Known, &str); 4] =
    [(Known::Name, GIVEN), (Known::Name, FAMILY), (Known::Also, ALSO), (Known::Particle, PARTICLES)];

/// What is known of a word in lower case without accents.
pub(crate) fn look_up(word: &[u8]) -> Option<Known> {
    NAMES.get(word).copied().or_else(|| has_family_ending(word).then_some(Known::Also))
}

/// Endings that make a family name of many: Slavic in Cyrillic and Latin, Greek, Armenian, Georgian, Icelandic, Turkish. By their last bytes.
#[rustfmt::skip]
const ENDINGS: &[&str] = &[
    "ewska", "inska", "ovska", "owska", "ynska", "evic", "ovic", "adze", "evich", "ovich", "evski", "ewski", "inski",
    "ovski", "owski", "shvili", "ynski", "chuk", "czyk", "sson", "yan", "enko", "dottir", "akis", "idis", "opoulos",
    "oglu", "ovsky", "wicz", "ακησ", "ιδησ", "οπουλοσ", "ιου", "οπουλου", "евич", "ович", "ская", "ева", "евна", "ина",
    "ова", "овна", "ев", "ов", "ский", "чук", "ин", "енко",
];

/// By its last byte, where the endings of a word begin, and how many there are.
static BY_LAST_BYTE: [(u8, u8); 256] = {
    let mut places = [(0, 0); 256];
    let mut i = 0;
    while i < ENDINGS.len() {
        let ending = ENDINGS[i].as_bytes();
        let place = &mut places[ending[ending.len() - 1] as usize];
        if place.1 == 0 {
            place.0 = i as u8;
        }
        assert!(place.0 + place.1 == i as u8, "endings of one last byte stand together");
        place.1 += 1;
        i += 1;
    }
    places
};

/// Whether some family names end in this byte.
#[inline]
pub(crate) fn may_end_a_family_name(last: u8) -> bool {
    BY_LAST_BYTE[usize::from(last)].1 > 0
}

/// Whether a word in lower case without accents ends as a family name does.
pub(crate) fn has_family_ending(word: &[u8]) -> bool {
    const STEM_BYTES_MIN: usize = 3;
    let (first, count) = word.last().map_or((0, 0), |last| BY_LAST_BYTE[usize::from(*last)]);
    let endings = &ENDINGS[usize::from(first)..][..usize::from(count)];
    endings.iter().any(|ending| {
        word.len() >= ending.len() + STEM_BYTES_MIN + usize::from(ending.len() < 4) && word.ends_with(ending.as_bytes())
    }) && !matches!(word, b"lesson" | b"sasson" | b"banyan" | b"canyan" | b"kenyan" | b"libyan" | b"guyan")
}

const PARTICLES: &str = "
    von van der den de del della delle di da das do dos du des la le las los el al bin ibn bint abu abd ben bar mac mc st san o d y e i zu zum
    zur af av ter ten te op den 't vom ud din ul jr sr ii iii iv dr prof mr mrs ms miss mx sir dame herr frau mme mlle monsieur madame senor
    senora sra dhr mevr pan pani";

#[rustfmt::skip]
const GIVEN: &str = "
    james john robert michael william david richard joseph thomas christopher charles daniel matthew anthony steven andrew kenneth joshua
    kevin brian george timothy ronald jason edward jeffrey ryan jacob gary nicholas eric jonathan stephen larry justin scott brandon benjamin
    samuel gregory alexander patrick raymond jack dennis jerry tyler aaron jose adam nathan henry zachary douglas peter kyle noah ethan
    jeremy walter christian keith roger terry sean gerald carl harold dylan arthur lawrence jordan jesse bryan billy bruce gabriel joe logan
    alan juan albert willie elijah wayne randy vincent mason roy ralph bobby russell bradley philip eugene liam lucas oliver oscar leo
    theodore isaac levi caleb connor owen declan callum angus hamish alistair duncan ewan gareth rhys dafydd evan ian neil nigel graham
    trevor derek clive colin stuart simon geoffrey barry malcolm howard frederick fred frank harry alfred ernest leonard norman stanley
    mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty margaret sandra ashley kimberly emily donna
    michelle carol amanda dorothy melissa deborah stephanie rebecca sharon laura cynthia kathleen amy angela shirley brenda emma anna
    pamela nicole samantha katherine christine helen debra rachel carolyn janet maria catherine heather diane olivia julie joyce victoria
    kelly christina lauren joan evelyn judith megan andrea cheryl hannah jacqueline martha madison teresa gloria sara janice ann kathryn
    abigail sophia frances jean alice judy isabella julia denise amber danielle marilyn beverly charlotte natalie theresa diana brittany
    doris kayla alexis lori marie chloe ava mia amelia harper ella zoe zoey nora lily eleanor lucy audrey claire ruth esther naomi leah
    miriam deirdre siobhan niamh aoife saoirse ciara fiona eilidh isla freya imogen poppy gemma kirsty lindsay tracy wendy ada edith agnes
    florence beatrice harriet matilda phoebe penelope josephine cordelia gwen bridget maureen sheila eileen noreen colleen shannon tara
    hans peter klaus wolfgang jurgen juergen dieter manfred uwe gunter guenter horst bernd heinz werner helmut gerhard rainer ralf jorg joerg
    torsten thorsten holger stefan steffen matthias andreas markus michael thomas frank martin sebastian florian tobias dominik jonas lukas
    leon finn felix niklas moritz maximilian philipp johannes jakob emil anton karl friedrich wilhelm ludwig heinrich konrad kurt ernst
    otto fritz gustav hermann rudolf siegfried detlef axel jens sven bjorn lars kai ulrich ursula sabine monika renate petra karin brigitte
    ingrid helga gisela christa heike andrea martina claudia susanne birgit anja katrin kathrin kerstin silke tanja ulrike angelika
    cornelia gabriele jutta elke anke antje friederike annika lena leonie hannah lea marlene greta frieda kathe kaethe ilse gudrun
    sigrid waltraud hildegard irmgard gertrud elfriede johanna charlotte franziska theresa magdalena lieselotte mareike wiebke svenja
    jean pierre michel philippe alain patrick nicolas christophe laurent stephane thierry sebastien julien olivier guillaume antoine
    francois jacques bernard gerard daniel marcel rene andre claude yves herve didier pascal eric frederic vincent benoit mathieu
    maxime romain alexandre thomas clement hugo louis lucas theo jules gabriel raphael arthur adrien bastien quentin corentin loic yann
    gael erwan fabrice franck gilles ludovic jerome xavier marie nathalie isabelle sylvie catherine francoise martine christine monique
    valerie sandrine veronique celine stephanie sophie aurelie emilie elodie camille julie laetitia caroline virginie audrey delphine
    chantal brigitte dominique jacqueline nicole anne chloe lea manon ines jade louise zoe noemie amelie juliette margaux mathilde
    clemence pauline lucie oceane solene maelle anais eloise genevieve odile solange yvette simone
    jose antonio manuel francisco juan david javier jesus carlos alejandro daniel miguel rafael pedro pablo angel sergio fernando luis
    jorge alberto alvaro diego adrian raul ivan ruben enrique ramon vicente andres joaquin santiago eduardo victor roberto jaime ignacio
    mario alfonso salvador ricardo marcos jordi julian cesar gonzalo hugo mateo martin lucas thiago leonardo emiliano sebastian benjamin
    facundo iker unai inigo gerardo arturo guillermo hector rodrigo esteban felipe gustavo mauricio oswaldo rigoberto maria carmen ana
    isabel laura cristina marta dolores lucia pilar elena teresa paula raquel angeles beatriz rosario silvia nuria montserrat irene alba
    mercedes encarnacion sofia valentina camila martina daniela gabriela fernanda ximena jimena guadalupe alejandra veronica adriana
    patricia rocio consuelo esperanza yolanda lorena natalia mariana renata catalina isabella antonella julieta constanza macarena
    joao jose antonio paulo pedro lucas luiz luis marcos gabriel rafael daniel marcelo bruno eduardo felipe raimundo rodrigo manoel mateus
    andre fernando fabio leonardo gustavo guilherme leandro tiago thiago anderson ricardo marcio jorge sebastiao alexandre roberto edson
    diego vitor sergio claudio rui nuno duarte goncalo vasco henrique caio otavio murilo ana maria francisca antonia adriana juliana
    marcia fernanda patricia aline sandra camila amanda bruna jessica leticia julia luciana vanessa mariana gabriela vera vitoria larissa
    claudia beatriz luana rita sonia renata eliane ines catarina matilde leonor carolina joana raquel filipa mafalda isadora heloisa
    giuseppe giovanni antonio mario luigi francesco angelo vincenzo pietro salvatore carlo franco domenico bruno paolo michele giorgio
    aldo sergio luciano alessandro andrea marco matteo lorenzo davide simone federico luca stefano roberto riccardo tommaso niccolo
    edoardo gabriele fabrizio massimo maurizio gianluca gianni giacomo emanuele daniele enrico filippo leonardo claudio umberto dario
    giulia francesca chiara sara martina valentina alessia anna maria giuseppina rosa angela giovanna teresa lucia carmela caterina
    alessandra elena federica silvia elisa laura paola roberta simona giorgia aurora ginevra beatrice greta bianca camilla ludovica
    ilaria serena arianna noemi sofia eleonora rosalia loredana donatella raffaella
    jan piet cornelis johannes hendrik willem pieter gerrit jacobus dirk maarten jeroen bas sander joost wouter bram daan sem thijs lars
    ruben tijn jesse niels koen joris kees henk wim gijs stijn pim rik sjoerd anouk sanne lotte femke maud fleur roos marieke annemarie
    johanna wilhelmina cornelia hendrika trijntje saskia ingeborg marijke esmee lieke noor eva tess evi julia iris mirthe
    piotr krzysztof andrzej tomasz jan pawel michal marcin grzegorz jerzy tadeusz adam lukasz zbigniew ryszard dariusz henryk mariusz
    kazimierz wojciech robert mateusz marian rafal jacek janusz miroslaw maciej slawomir jaroslaw kamil wieslaw roman wladyslaw jakub
    artur zdzislaw edward mieczyslaw damian dawid przemyslaw sebastian czeslaw leszek daniel waldemar bartosz szymon kacper filip igor
    anna maria katarzyna malgorzata agnieszka krystyna barbara ewa elzbieta zofia janina teresa joanna magdalena monika jadwiga danuta
    irena halina helena beata aleksandra marta dorota marianna grazyna jolanta stanislawa iwona karolina bozena urszula justyna renata
    alicja paulina sylwia natalia wanda agata aneta izabela ewelina marzena wieslawa genowefa patrycja kazimiera edyta julia zuzanna
    lars anders johan per nils erik karl mikael jan hans bo gunnar olof lennart gosta bengt stig ake goran kjell magnus fredrik henrik
    mats oskar axel viktor emil gustav hugo elias ludvig soren jens niels jorgen kurt poul mogens rasmus mads mikkel frederik kasper
    christoffer jeppe thorbjorn knut olav odd geir terje bjorn arne kare leif oystein sigurd sindre havard eirik trygve halvor torstein
    anna eva maria karin kristina lena kerstin ingrid margareta birgitta marianne annika susanne linnea astrid sofia ebba saga wilma
    freja ida mette kirsten hanne lone pernille camilla louise signe maja solveig ragnhild randi tone silje ingeborg liv marit siri
    juhani johannes mikael antero matti timo kari mikko jari jukka antti juha pekka heikki ville janne petri sami tuomas eero ilkka
    lauri aleksi eetu onni vaino marja liisa hannele kaarina anneli helena johanna katariina tuulikki pirjo paivi tiina minna sari
    heidi aino eevi kaisa riikka outi satu elina
    jiri petr josef pavel martin tomas miroslav frantisek vaclav zdenek jaroslav milan karel lukas ondrej jakub vojtech marek radek
    jana hana lenka katerina lucie veronika petra zuzana jitka marketa ivana monika michaela tereza kristyna barbora eliska adela
    laszlo istvan jozsef janos zoltan sandor gabor ferenc attila peter tamas zsolt tibor andras csaba imre balazs gergely katalin erzsebet
    ilona zsuzsanna eszter agnes krisztina judit ildiko timea reka dorottya ion gheorghe vasile constantin nicolae mihai andrei alexandru
    cristian florin adrian bogdan razvan radu ionut elena ioana mihaela andreea cristina alina simona raluca dragan milos nikola stefan
    marko luka petar ivan goran zoran dejan vladimir jovana milica jelena ivana marija ana katarina vesna snezana
    mehmet mustafa ahmet ali huseyin hasan ibrahim ismail osman yusuf murat omer ramazan halil suleyman abdullah mahmut recep salih fatih
    kadir emre hakan burak kemal serkan tolga volkan cem kerem deniz fatma ayse emine hatice zeynep elif meryem serife zehra sultan hanife
    merve havva zeliha esra fadime ozlem hulya selin ece busra tugba asli gulsen
    muhammad mohammed mohamed mohammad ahmed ahmad mahmoud omar umar youssef yousef khaled khalid hassan hussein husain ibrahim abdul
    abdullah abdulrahman tariq karim kareem samir rashid saeed walid waleed faisal fahad nasser bilal hamza anas imran usman zaid zayn
    fatima aisha ayesha khadija maryam mariam zainab layla leila noor nour amina hana salma yasmin yasmine rania dina huda samira nadia
    sana zahra mona farah hala lina ranya reem shaima asma
    raj rajesh rahul amit sanjay vijay anil sunil suresh ramesh mahesh ganesh dinesh rakesh mukesh ashok vinod manoj deepak sandeep arjun
    rohan rohit aditya aarav vivaan karan nikhil varun vikram ajay ravi krishna mohan gopal harish kiran naveen prakash srinivas venkat
    priya anjali pooja neha sneha kavita sunita anita geeta meena rekha lakshmi saraswati divya deepa ananya aadhya diya ishita shreya
    aditi kavya meera radha sita swati nisha jyoti sangeeta shalini lalita usha padma vidya harpreet gurpreet manpreet jaspreet simran
    wei ming jing ying xin yan hong hui jun jie lei min ping qiang tao xiang xiao yong yu zhen zhi mei ling fang hua lan li na xia xiu
    yun zhang jia hao yi chen feng gang guang haoran zihan yutong meiling xiaoming
    hiroshi takashi kenji kazuo akira satoshi makoto shigeru yoshio masao haruto yuto sota riku haruki ren takumi daiki kenta shota
    hiro taro jiro ichiro naoki yuki sakura hana aoi yui rin mio hina mei himari keiko yoko kazuko sachiko kyoko tomoko naoko yumi emi
    akiko michiko noriko haruka misaki ayumi ai megumi
    minjun seojun jihoon jiho junseo hyun sung young jung kyung minji jiwoo seoyeon subin yuna jisoo hyejin eunji soo jin hee
    nguyen linh minh anh duc hung tuan thanh huong lan phuong thao hoa mai trang quang hai dung long nam tien viet khanh ngoc
    somchai somsak anan chai siriporn malee kanya agus budi dewi siti eko joko putri ratna sri wahyu bambang hendra rizky fitri ayu
    jesus marites rommel arnel jocelyn maricel rizal
    kwame kofi kwesi yaw ama akua abena adjoa chinedu chukwuemeka emeka obinna ifeanyi chidi ngozi chioma adaeze nneka ifeoma olu
    oluwaseun olumide ayodele babatunde adebayo temitope folake yetunde bola segun tunde femi kehinde taiwo musa sani aminu abubakar
    halima thabo sipho themba bongani lerato nomvula thandiwe zanele nokuthula tendai tatenda farai chipo wanjiru wanjiku kamau mwangi
    otieno achieng njeri juma amani neema baraka tesfaye haile abebe tigist selam mulugeta
    ivan dmitry dmitri sergey sergei alexey aleksei alexei andrey andrei mikhail vladimir nikolai nikolay pavel yuri yury oleg igor
    viktor boris anatoly konstantin maxim denis evgeny yevgeny roman artem kirill ilya stanislav vyacheslav ruslan timur anastasia
    ekaterina yekaterina olga tatiana tatyana svetlana natalia natalya elena yelena irina marina galina lyudmila ludmila oksana yulia
    ksenia polina daria darya alina larisa nadezhda vera zoya taras bohdan mykola oleksandr volodymyr serhiy andriy dmytro vasyl
    petro iryna olena nataliia halyna kateryna yana solomiya
    moshe yosef avraham yaakov shlomo david itai noam eitan amit yonatan tamar shira yael noa michal avigail rivka chaya chana
    giorgos dimitris nikos kostas yannis panagiotis christos vasilis thanasis maria eleni katerina sofia dimitra georgia anastasia
    иван александр сергей дмитрий алексей андрей михаил владимир николай павел юрий олег игорь виктор борис максим денис евгений роман артем
    кирилл илья станислав вячеслав руслан тимур григорий петр василий федор анна мария ольга татьяна светлана наталья наталия елена
    екатерина ирина марина галина людмила оксана юлия ксения полина дарья алина лариса надежда вера анастасия валентина софия тарас
    богдан микола олександр володимир сергій андрій дмитро василь петро ірина олена наталія галина катерина яна соломія
    γιώργος γιωργος δημήτρης δημητρης νίκος νικος κώστας γιάννης γιαννης παναγιώτης χρήστος βασίλης θανάσης μαρία μαρια ελένη ελενη κατερίνα
    σοφία δήμητρα γεωργία αναστασία αλέξανδρος ιωάννης
    محمد أحمد احمد محمود عمر يوسف خالد حسن حسين إبراهيم علي عبدالله طارق كريم سمير راشد سعيد وليد فيصل فهد ناصر بلال حمزة فاطمة عائشة
    خديجة مريم زينب ليلى نور أمينة سلمى ياسمين رانيا دينا هدى سميرة نادية سارة
    राहुल अमित संजय विजय अनिल सुनील राजेश सुरेश रमेश महेश गणेश दिनेश अर्जुन रोहन रोहित आदित्य विक्रम रवि कृष्ण मोहन प्रिया अंजलि पूजा नेहा स्नेहा
    कविता सुनीता अनीता गीता मीना रेखा लक्ष्मी दिव्या दीपा अनन्या मीरा राधा सीता";

#[rustfmt::skip]
const FAMILY: &str = "
    smith johnson williams jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson anderson thomas taylor moore
    jackson martin perez thompson sanchez harris ramirez lewis robinson walker allen wright scott torres nguyen flores adams nelson
    rivera campbell mitchell carter roberts gomez phillips evans turner diaz edwards collins reyes stewart morris morales murphy
    rogers gutierrez ortiz morgan cooper peterson bailey kelly howard ramos richardson watson chavez bennett mendoza ruiz hughes alvarez
    castillo sanders patel myers ross foster jimenez powell jenkins perry sullivan russell coleman henderson barnes gonzales fisher
    vasquez simmons romero patterson hamilton reynolds griffin wallace moreno cole hayes bryant herrera gibson ellis tran medina aguilar
    stevens murray castro marshall owens harrison fernandez mcdonald kennedy vargas henry chen freeman guzman munoz simpson tucker
    porter crawford dixon shaw clarke clark wagner holmes burns gordon palmer mason hicks schmidt mendez warren hoffman soto robertson
    daniels stephens gardner payne dunn kelley spencer hawkins arnold pierce hansen peters santos hart bradley knight elliott duncan
    cunningham carroll hudson armstrong lawrence fuller watkins wheeler larson carlson obrien oconnor mccarthy oneill brien connor neill reilly
    keeffe sullivan doyle byrne ryan walsh gallagher doherty kavanagh lynch quinn nolan brennan burke dunne farrell fitzgerald maguire
    mclaughlin mackenzie macdonald macleod mckay mclean donald kenzie leod fraser cameron sinclair lloyd griffiths pritchard
    bevan lovelace turing babbage whitaker whitfield ashworth hargreaves thornton wilkinson atkinson jenkinson hodgson barker
    mueller muller mullers schneider fischer weber meyer maier mayer meier schulz schulze becker hoffmann schafer schaefer koch bauer richter klein
    wolf schroeder schroder neumann schwarz zimmermann braun kruger krueger hofmann hartmann lange schmitt werner schmitz krause lehmann kohler koehler
    herrmann konig koenig walter huber kaiser fuchs peters scholz moller moeller weiss jung hahn schubert vogel friedrich keller gunther
    frank berger winkler roth beck lorenz baumann franke albrecht schuster simon ludwig bohm boehm winter kraus schumacher kramer
    kraemer vogt stein jager jaeger otto sommer gross seidel heinrich brandt haas schreiber graf schulte dietrich ziegler kuhn kuehn pohl
    engel horn busch bergmann thomas voigt sauer arnold wolff pfeiffer bulow buelow bismarck
    bernard dubois durand petit leroy moreau laurent michel garcia lefebvre lefevre roux bertrand morel fournier girard bonnet
    dupont lambert fontaine rousseau vincent faure mercier blanc guerin boyer garnier chevalier francois legrand gauthier perrin robin
    clement morin nicolas henry roussel mathieu gautier masson marchand duval denis dumont lemaire noel meyer dufour meunier brun
    blanchard giraud joly riviere lucas brunet gaillard barbier arnaud geraud roche renard schmitt roy colin vidal caron picard roger
    fabre aubert lemoine renaud dumas lacroix olivier philippe bourgeois benoit rey leclerc payet rolland leclercq guillaume lecomte
    beranger tremblay gagnon cote bouchard gauthier pelletier belanger levesque bergeron leblanc girard
    fernandez gonzalez rodriguez lopez martinez sanchez perez gomez martin jimenez ruiz hernandez diaz moreno munoz alvarez romero
    alonso gutierrez navarro torres dominguez vazquez ramos gil ramirez serrano blanco molina morales suarez ortega delgado castro ortiz
    rubio marin sanz nunez iglesias medina garrido cortes castillo santos lozano guerrero cano prieto mendez cruz calvo gallego herrera
    marquez leon vidal pena flores cabrera campos vega fuentes carrasco diez reyes caballero nieto aguilar pascual santana herrero
    montero lorenzo hidalgo gimenez ibanez ferrer duran santiago benitez vargas mora vicente arias carmona crespo roman pastor soto
    saez velasco moya soler parra esteban bravo gallardo rojas quispe mamani zapata salazar valdez cardenas espinoza contreras sepulveda
    silva santos oliveira souza sousa rodrigues ferreira alves pereira lima gomes costa ribeiro martins carvalho almeida lopes soares
    fernandes vieira barbosa rocha dias nascimento andrade moreira nunes marques machado mendes freitas cardoso ramos goncalves santana
    teixeira araujo anjos pinto correia monteiro cunha moura cavalcanti batista campos castro melo azevedo borges barros pacheco fonseca
    tavares henriques antunes matos figueiredo
    rossi russo ferrari esposito bianchi romano colombo ricci marino greco bruno gallo conti luca costa giordano mancini rizzo
    lombardi moretti barbieri fontana santoro mariani rinaldi caruso ferrara galli martini leone longo gentile martinelli vitale
    lombardo serra coppola santis angelo marchetti parisi villa conte ferraro ferri fabbri bianco marini grasso valentini messina sala
    gatti pellegrini palumbo sanna farina rizzi monti cattaneo morelli amico silvestri mazza testa grassi
    jong jansen vries berg bakker dijk visser janssen smit meijer groot bos vos peters hendriks leeuwen dekker brouwer wit dijkstra smits
    graaf meer linden kok jacobs haan vermeulen heuvel veen broek bruijn bruin heijden schouten beek willems vliet hoekstra maas verhoeven
    koster dam wal prins blom huisman peeters kuijpers jonge postma scholten mulder kuiper vandenberg claes goossens wouters maes willems
    mertens
    nowak wisniewski wisniewska wojcik kowalczyk kaminski kaminska lewandowski zielinski zielinska szymanski wozniak dabrowski dabrowska
    kozlowski jankowski mazur kwiatkowski krawczyk kaczmarek piotrowski grabowski zajac pawlowski krol michalski wieczorek wrobel
    jablonski dudek majewski stepien olszewski jaworski malinowski adamczyk nowicki gorski pawlak sikora walczak rutkowski baran
    michalak szewczyk ostrowski tomaszewski pietrzak duda zalewski wroblewski jasinski sadowski bak zawadzki kowalski kowalska
    andersson johansson karlsson nilsson eriksson larsson olsson persson svensson gustafsson pettersson jonsson jansson hansson
    bengtsson lindberg lindstrom lindqvist lindgren axelsson bergstrom berglund lundberg lundgren lundqvist mattsson berg
    nielsen jensen hansen pedersen andersen christensen larsen sorensen rasmussen jorgensen petersen madsen kristensen olsen thomsen
    christiansen poulsen johansen moller mortensen knudsen johnsen karlsen eriksen haugen hagen bakken kristiansen jacobsen
    halvorsen solberg strand dahl lund moen
    korhonen virtanen makinen nieminen makela hamalainen laine heikkinen koskinen jarvinen lehtonen lehtinen saarinen salminen heinonen
    niemi heikkila kinnunen salonen turunen salo laitinen tuominen rantanen karjalainen jokinen mattila savolainen
    novak novotny novotna svoboda dvorak cerny cerna prochazka kucera vesely horak nemec pokorny pospisil hajek kral jelinek ruzicka benes fiala
    nagy kovacs toth szabo horvath varga kiss molnar nemeth farkas balogh papp lakatos takacs juhasz popescu ionescu popa radu dumitru
    stan stoica gheorghe petrovic jovanovic nikolic markovic djordjevic stojanovic ilic horvat kovac babic maric
    yilmaz kaya demir celik sahin yildiz yildirim ozturk aydin ozdemir arslan dogan kilic aslan cetin kara koc kurt ozkan simsek polat
    khan ahmed ali hussain hussein hassan ibrahim malik sheikh shaikh iqbal mahmood chaudhry qureshi siddiqui ansari mirza baig akhtar
    haddad khoury nasser mansour saleh salem hamdan najjar sayegh khalil aziz rahman hossain islam uddin chowdhury begum sharif farooq
    hosseini ahmadi mohammadi karimi rezaei
    patel sharma singh kumar gupta verma reddy shah mehta joshi iyer nair menon rao pillai mukherjee banerjee chatterjee ghosh das bose
    sen dutta agarwal aggarwal jain kapoor malhotra khanna chopra bhatia sethi arora kaur gill sidhu dhillon desai naik kulkarni
    deshpande patil pandey mishra tiwari dubey trivedi shukla srivastava saxena yadav chauhan rathore thakur bhatt
    subramanian krishnan raman venkatesan fernando perera silva dissanayake gurung thapa shrestha tamang
    wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he lin gao luo zheng liang xie tang song deng han feng cao peng
    zeng xiao tian dong pan yuan cai jiang yu du ye cheng wei su lu ding ren lu yao shen zhong jiang cui tan wong chan lam cheung leung
    ng kwok tsang yeung chow chung lau fong tam mok ho yip ko chiu hsu tsai lo kuo
    sato suzuki takahashi tanaka watanabe ito yamamoto nakamura kobayashi kato yoshida yamada sasaki yamaguchi matsumoto inoue kimura
    hayashi shimizu yamazaki mori abe ikeda hashimoto yamashita ishikawa nakajima maeda fujita ogawa goto okada hasegawa murakami kondo
    ishii saito sakamoto endo aoki fujii nishimura fukuda ota miura fujiwara okamoto matsuda nakagawa nakano harada ono tamura takeuchi
    kaneko wada nakayama ishida ueda morita hara shibata sakai kudo yokoyama miyazaki miyamoto uchida takagi ando taniguchi ohno
    kim lee park choi jung jeong kang cho yoon yun jang lim shin seo kwon hwang ahn jeon hong moon yang bae baek
    pham huynh phan vu vo dang bui ngo duong ly truong dinh trinh
    santoso wijaya setiawan kusuma hidayat nugroho susanto saputra pratama wibowo suryadi halim gunawan tanoto
    delacruz bautista ocampo villanueva aquino magsaysay ramos mendoza
    okafor okonkwo nwosu eze obi adeyemi adebayo ogunleye balogun okeke nwachukwu onyeka abiola mensah owusu asante boateng appiah
    osei agyeman ofori addo amoah diallo traore keita coulibaly ndiaye diop fall sow ba cisse sylla toure kone kouassi mbeki mandela
    dlamini nkosi ndlovu khumalo mokoena naidoo botha pretorius venter nel fourie wanjiru kamau mwangi otieno odhiambo kariuki kimani
    omondi moyo ncube sibanda banda phiri mwale tembo tesfaye bekele girma abebe kebede
    ivanov ivanova petrov petrova smirnov smirnova kuznetsov kuznetsova popov popova sokolov sokolova lebedev kozlov novikov morozov volkov
    solovyov vasiliev zaitsev pavlov semyonov golubev vinogradov bogdanov vorobyov fedorov mikhailov belyaev tarasov belov
    shevchenko kovalenko bondarenko tkachenko kravchenko oliynyk melnyk boyko kovalchuk polishchuk
    cohen levi mizrahi peretz biton dahan avraham friedman malka azoulay katz goldberg goldstein rosenberg shapiro schwartz rosen
    weinstein greenberg silverman feldman
    papadopoulos nikolaidis georgiou dimitriou konstantinou ioannou vasileiou
    παπαδοπούλου νικολάου γεωργίου δημητρίου κωνσταντίνου ιωάννου βασιλείου
    الخطيب حداد المصري منصور النجار الشامي الأحمد العلي الحسن الحسين خوري صالح سالم حمدان خليل عزيز العمري الزهراني الغامدي القحطاني
    शर्मा पटेल गुप्ता सिंह कुमार वर्मा रेड्डी शाह मेहता जोशी अय्यर नायर मेनन राव मुखर्जी घोष दास जैन कपूर मल्होत्रा यादव चौहान मिश्रा पांडे";

/// Given or family names that are words, places or brands as often.
#[rustfmt::skip]
const ALSO: &str = "
    will mark grace hope rose page king young long bill max summer price green brown black white hill park lake wood woods day rich grant
    sky art drew chase may april june august dean case cook bush stone field banks sun  jade ruby amber pearl ivy holly olive daisy
    lily violet iris heather ginger honey cherry crystal destiny faith joy harmony melody autumn dawn eve star skye ray rob sue pat dot
    jordan austin dallas houston paris london sydney chelsea brooklyn madison virginia georgia carolina savannah florence siena vienna asia
    china india israel lincoln  washington    ford bentley morgan mercedes porsche lotus tesla apple baker
    carpenter  mason   fisher hunter archer bishop abbott pope knight noble major sergeant miller  
    gardener gardner butler chandler potter shepherd   ward wells rivers brooks burns banks bridges gates hall house church
    cross fields forest glen heath marsh     rush sharp short small strong swift bond bell ball battle best blue bright
    chambers chance chase child close cash cole coin dash drake duke fair fox frost gold gray grey hardy hart hawk hays head high hood
    horn jewel judge key land lane law light little lock love low mann marks masters max  moody moon nash north  pace paige
    park pike pool power rains read  rock root rowe sage sands save sparks spring steel stern street sweet temple trace
    trump waters weeks west wise wolf worth  art christian guy miles bob chuck chip cliff clay colt dale dusty earl
    frank gene  homer jay jet  lee  mac marina max nick norm   pierce  rex  rusty sandy sonny
    victor ace angel babe candy carol cat charity  dolly fern gay mercy merry  misty nova 
    prudence   sandy sierra sunny  trinity unique van vanity windy venus sultan  kaya min an do so to ho he
    na la de mai nam hai long dung fall ba sow sen das bose  long leone villa sala testa blanco cruz  vega campos bravo pastor roman
    roma milan lima  cordoba toledo valencia victoria  alba aurora bianca stella luna sol mar  venus
    klein gross  lang winter sommer herbst  berg wolf fuchs konig kaiser graf richter  horn busch engel berg strand  
    dam  linden bos    blom wal sun ma he lin gao tang  han feng pan yu du ye lu su ho ko lo ng     
    ba    mi   young      aurora kiss baran duda bak mazur       ai  
           delta omega alpha sigma gamma beta";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_lets_every_listed_word_pass() {
        for (_, list) in LISTS {
            for word in list.split_whitespace() {
                let folded = Words::of(word);
                let folded = folded.ending(0);
                let hash = folded.iter().fold(FilterHash::NEW, |hash, letter| hash.with(*letter));
                assert!(!folded.is_ascii() || hash.may_be_listed(), "{word}");
            }
        }
    }

    #[test]
    fn names_of_many_cultures_are_known() {
        for name in ["lovelace", "camille", "olu", "okafor", "иван", "ليلى", "zielinski"] {
            assert_eq!(look_up(name.as_bytes()), Some(Known::Name), "{name}");
        }
        for also in ["may", "кузнецова", "παπαδοπουλοσ", "sigurdardottir"] {
            assert_eq!(look_up(also.as_bytes()), Some(Known::Also), "{also}");
        }
        assert_eq!(look_up(b"von"), Some(Known::Particle));
        for word in ["dashboard", "checkout", "settings", "safari", "chrome", "button", "lesson", "магазин"] {
            assert_ne!(look_up(word.as_bytes()), Some(Known::Name), "{word}");
        }
    }
}
