/**
 * Words that occur next to names of people, in twelve languages. Phrases are separated by a bar. Their words are
 * compared in folded form, ignoring dots, hyphens and slashes inside a phrase.
 */
import { composePattern } from '../../compose-pattern.ts';

/** Labels before a colon. What follows is a name, however it is written. */
const NAMES = [
  "name|surname|last name|first name|given name|family name|full name|patient name|patient's name|patients name|pat name|pt name|physician name|physician's name|doctor name",
  "doctor's name|operator name|operator's name|technologist name|mother's name|maiden name|birth name|guarantor|next of kin|contact person|emergency contact",
  'patientenname|pat name|name des patienten|name der patientin|nachname|familienname|vorname|vor und nachname|geburtsname|versicherter|versicherte|ansprechpartner|ansprechpartnerin',
  'nom|nom du patient|nom de la patiente|nom patient|nom de famille|nom et prénom|prénom|nom de naissance|nom de jeune fille|personne à contacter',
  'nombre|nombre del paciente|nombre de la paciente|nombre paciente|nombre y apellidos|apellido|apellidos|nombre completo|persona de contacto',
  'nome|cognome|nome paziente|nome del paziente|nome della paziente|nome e cognome|cognome e nome|nominativo|nome do paciente|nome da paciente|nome do utente|nome completo|sobrenome|apelido',
  'nome da mãe|naam|patiëntnaam|naam patiënt|naam van de patiënt|achternaam|voornaam|familienaam|geboortenaam|contactpersoon',
  'imię|nazwisko|imię i nazwisko|nazwisko i imię|imię pacjenta|nazwisko pacjenta|nazwisko rodowe',
  'фио|ф и о|имя|фамилия|отчество|имя пациента|фамилия пациента|фио пациента|фамилия имя отчество|контактное лицо',
  'ad|adı|soyad|soyadı|ad soyad|adı soyadı|hasta adı|hastanın adı|hasta adı soyadı|isim|isim soyisim|soyisim',
  'الاسم|اسم|اسم المريض|اسم المريضة|اسم الأم|اسم الأب|الاسم الكامل|الاسم الأول|اسم العائلة|اللقب|الكنية|اسم الطبيب',
];
/** Words before "name" that show that it is not a person's, as in "Series name:". */
const OF_A_THING =
  'series|study|protocol|sequence|scan|file|kernel|filter|coil|device|station|product|model|program|procedure|exam|drug|contrast|agent|brand|trade|machine|scanner|host|user|image|set|data|template|' +
  'serien|seri|serii|série|serie|séquence|protocole|fichier|protokoll|datei|gerät|secuencia|protocolo|archivo|sequenza|protocollo|reeks|bestand|protokół|серии|протокола|السلسلة|dosya|protokol';

/**
 * Relations before a colon, or before a space if a verb follows the name. What follows is a name if it is capitalised.
 */
const RELATIONS =
  'assistant|attention|mother|father|wife|husband|son|daughter|spouse|brother|sister|guardian|' +
  'caregiver|interpreter|reporter|observer|reader|reviewer|author|relative|resident|fellow|referring|' +
  'tech|angehörige|angehöriger|ehefrau|ehemann|mutter|vater|tochter|sohn|unterschrift|assistenz|' +
  'bearbeiter|schwester|correspondant|assistante|mère|père|' +
  'épouse|époux|conjoint|madre|padre|esposa|esposo|marido|solicitante|informante|mãe|pai|utente|' +
  'responsável|moglie|marito|richiedente|moeder|vader|echtgenote|echtgenoot|specialist|matka|ojciec|' +
  'żona|mąż|мать|отец|жена|муж|подпись|anne|baba|eşi|yapan|من قبل|الأم|الأب|الزوج|الزوجة|' +
  'parent|partner|child|grandmother|grandfather|granddaughter|grandson|aunt|uncle|niece|nephew|cousin|' +
  'neighbour|neighbor|friend|carer|bruder|oma|opa|großmutter|großvater|enkel|enkelin|nichte|neffe|tante|' +
  'onkel|lebensgefährte|lebensgefährtin|betreuer|betreuerin|fils|fille|frère|sœur|compagne|compagnon|' +
  'hijo|hija|hermano|hermana|abuela|abuelo|cuidadora|cuidador|figlio|figlia|fratello|sorella|nonna|nonno|' +
  'filho|filha|irmão|irmã|avó|avô|zoon|dochter|broer|zus|oom|syn|córka|brat|siostra|babcia|dziadek|' +
  'сын|дочь|брат|сестра|бабушка|дедушка|annesi|babası|oğlu|kızı|kardeşi|karısı|kocası';

/** Roles before a colon or a space. What follows is a name if it is capitalised. */
const ROLES = [
  'operator|technologist|technician|radiographer|sonographer|radiologist|physician|surgeon|nurse|attending|consultant|anesthesiologist|anaesthetist|midwife',
  'referring physician|referring doctor|attending physician|ordering physician|requesting physician|performing physician|reading physician|reporting physician|primary care physician|pcp|gp',
  'interventionalist|cardiologist|neurologist|oncologist|orthopedist|pathologist|pediatrician|requested from|attn|c o|care of',
  'signatory',
  'arzt|ärztin|überweiser|überweiserin|zuweiser|zuweiserin|einweiser|hausarzt|hausärztin|chefarzt|chefärztin|oberarzt|oberärztin|assistenzarzt|assistenzärztin|facharzt|stationsarzt|oä',
  'radiologe|radiologin|chirurg|chirurgin|operateur|operateurin|untersucher|untersucherin|befunder|befunderin|anforderer|einsender|mtra|mta|mtr|rta|pfleger|krankenschwester|z hd|zu händen',
  'überweisender arzt|behandelnder arzt|zuweisender arzt|anfordernder arzt|gez|hebamme',
  'médecin|médecin traitant|médecin prescripteur|médecin demandeur|médecin correspondant|radiologue|' +
    'manipulateur|manipulatrice|prescripteur|prescriptrice|chirurgien|chirurgienne|opérateur|opératrice|' +
    'infirmier',
  "infirmière|anesthésiste|à l'attention de|cardiologue|sage femme|signataire",
  'médico|médica|médico solicitante|médico tratante|médico de cabecera|médica solicitante|radiólogo|radióloga|técnico|cirujano|cirujana|operador|operadora|enfermero|enfermera|a la atención de',
  'firmado|médico assistente|radiologista|cirurgião|cirurgiã|enfermeiro|enfermeira|ao cuidado de|utente|médico responsável',
  "medico|medico curante|medico richiedente|medico refertatore|radiologo|radiologa|tecnico|chirurgo|chirurga|operatore|operatrice|infermiere|infermiera|all'attenzione di|alla cortese attenzione di",
  'refertatore|firmatario|arts|huisarts|verwijzer|aanvrager|radioloog|laborant|laborante|chirurg|verpleegkundige|t a v|ter attentie van|behandelend arts',
  'lekarz|lekarka|lekarz kierujący|lekarz prowadzący|lekarz zlecający|lekarz opisujący|radiolog|technik|pielęgniarka|pielęgniarz|położna|opisujący|kierujący|zlecający',
  'врач|лечащий врач|врач рентгенолог|направивший врач|рентгенолог|рентгенлаборант|лаборант|хирург|медсестра|медбрат|исполнитель|заведующий|зав отделением|оператор|врачом',
  'hekim|isteyen hekim|isteyen doktor|radyolog|teknisyen|tekniker|cerrah|hemşire|raporlayan|raporu yazan|çekimi yapan|çeken|onaylayan|sorumlu hekim',
  'الطبيب|الطبيبة|طبيب الأشعة|الطبيب المعالج|الطبيب المحول|الطبيب الطالب|طبيب|الجراح|جراح|فني الأشعة|الفني|فني|الممرض|الممرضة|ممرضة|الأخصائي|أخصائي|أخصائي الأشعة|محول من|مرسل من|الاستشاري|بواسطة',
];

/** Words for a patient. Before a colon they work like roles; before a space only if two names or a verb follow. */
const PATIENTS =
  'patient|patients|pt|pat|client|patientin|pat in|patiente|paciente|paziente|utente|patiënt|patiënte|pacjent|pacjentka|chory|chora|пациент|пациентка|больной|больная|hasta|المريض|المريضة|مريض|مريضة';

/** Titles and forms of address, with or without a dot. A capitalised name follows. */
const TITLES = [
  'dr|prof|professor|mr|mrs|ms|miss|doctor|nurse|sister|schwester|master|sir|lady|herr|frau|hr|fr|' +
    'dr med|prof dr|prof dr med|pd dr|priv doz|priv doz dr|dipl med|frau dr|herr dr|herrn|doktor|frl|' +
    'oberarzt dr',
  'docteur|pr|professeur|m|mme|mlle|monsieur|madame|mademoiselle|veuve|mm|dra|sr|sra|srta|don|doña|señor|señora|señorita|doctora|profesor|profesora|dona|doutor|doutora|senhor|senhora|professora',
  'dott|dott ssa|dottor|dottoressa|dottore|sig|sig ra|sig na|signor|signora|signorina|professore|professoressa|ing|avv|dhr|mevr|mw|de heer|heer|mevrouw|meneer|dokter|drs|ir',
  'lek|lek med|dr n med|dr hab|dr hab n med|pan|pani|pana|panią|panu|doc|mgr|д-р|доктор|доктора|проф|профессор|г-н|г-жа|гр|гражданин|гражданка|господин|госпожа|доц|к м н|д м н',
  'doç|doç dr|uzm|uzm dr|op dr|yrd doç|yrd doç dr|prof dr|sayın|sn|bay|bayan|د|أ د|دكتور|دكتورة|الدكتور|الدكتورة|السيد|السيدة|الآنسة|سيد|الأستاذ|الأستاذة|الشيخ|الحاج',
];
/** Words between a title and the name: "Dr. med. univ.", "Dr. h. c.". */
const BEHIND_A_TITLE =
  'med|univ|habil|dent|vet|phil|rer nat|rer medic|h c|hc|mult|dipl|ing|mag|msc|ssa|ra|na|em|n med|hab';
/** Titles that are also ordinary words: "miss", "sister", "master". Without a capital they do not count as titles. */
export const TITLES_WITH_A_CAPITAL: ReadonlySet<string> = new Set(
  (
    'miss master sir lady sister schwester don dona pan pana panu bay doctor doctora nurse doktor docteur ' +
    'doutor doutora dottore dottoressa dottor professor professeur professore profesor ' +
    'profesora professora veuve heer m mm sig doc op ing avv ir'
  ).split(' '),
);
/**
 * Words that, in capitals and without a dot, are not titles but a modality, a disease or a muscle. DR may be a title
 * even so.
 */
export const AMBIGUOUS_TITLES: ReadonlySet<string> = new Set([
  'DR',
  'MR',
  'MS',
  'PROF',
  'M',
  'MM',
  'PR',
  'SR',
  'PAN',
  'FR',
  'HR',
  'IR',
  'DOC',
  'OP',
  'ING',
]);
/** Titles that count only with their dot, or with a capital followed by small letters. */
export const TITLES_WITH_A_DOT: ReadonlySet<string> = new Set([
  'm',
  'fr',
  'hr',

  'sig',
  'lek',
  'mm',
  'ir',
  'doc',
  'ing',
  'г',
  'гр',
  'د',
  'sn',
  'avv',
  'mgr',
  'drs',
]);

/** Participles, and the prepositions behind them. A capitalised name follows. */
const DONE: readonly (readonly [done: string, by: string])[] = [
  [
    'performed|read|reported|dictated|interpreted|referred|ordered|requested|reviewed|verified|signed|' +
      'approved|scanned|acquired|transcribed|seen|done|examined|checked|authorised|authorized|prepared|' +
      'supervised|assisted|electronically signed',
    'by|from',
  ],
  [
    'befundet|durchgeführt|untersucht|überwiesen|zugewiesen|angefordert|erstellt|geschrieben|unterschrieben|validiert|freigegeben|operiert|vidiert|diktiert',
    'von|durch',
  ],
  [
    'réalisé|réalisée|lu|lue|relu|interprété|interprétée|adressé|adressée|demandé|demandée|prescrit|prescrite|validé|signé|dicté|effectué|effectuée|examiné|examinée|vu|vue|opéré',
    'par',
  ],
  [
    'realizado|realizada|encaminhado|encaminhada|enviado|enviada|referido|referida|informado|informada|' +
      'solicitado|solicitada|remitido|remitida|leído|leída|firmado|validado|laudado|laudada|pedido|pedida|' +
      'interpretado|assinado|visto|vista|examinado',
    'por|pelo|pela',
  ],
  [
    'eseguito|eseguita|refertato|refertata|richiesto|richiesta|inviato|inviata|letto|letta|firmato|firmata|validato|visto|vista|redatto|prescritto',
    'da|dal|dalla',
  ],
  [
    'uitgevoerd|beoordeeld|aangevraagd|verwezen|gelezen|verslagen|ondertekend|gemaakt|gezien|geautoriseerd',
    'door',
  ],
  [
    'wykonane|wykonany|wykonana|zlecone|zlecony|skierowany|skierowana|opisane|opisany|ocenione|podpisane|zatwierdzone',
    'przez',
  ],
];
/** Verbs followed by the name of the person who did something. */
const DOERS =
  'signed|opisał|opisała|wykonał|wykonała|zlecił|zleciła|skierował|skierowała|podpisał|podpisała|' +
  'выполнил|выполнила|описал|описала|направил|направила|подписал|подписала|провел|провела|исследовал|' +
  'исследовала';

/** Degrees and forms of address that follow a name, as they are written. */
export const BEHIND_A_NAME =
  /(?:M\.?D|Ph\.?D|R\.?N|D\.O|FRCR|FRCS|FRCPC|FACR|MBBS|MBChB|MRCP|RDMS|DVM|CRNP|APRN|PharmD|R\.?T\.?\s?\(\w{1,3}\)|Bey|BEY|Hanım|HANIM|tarafından)(?![\p{L}\p{N}])/uy;
/**
 * Degrees and roles that show that a signature precedes them. Some of them are ordinary words elsewhere ("PA", "DO").
 */
export const BEHIND_A_SIGNATURE = composePattern(
  '(?:M\\.?D|D\\.?O|Ph\\.?D|R\\.?N|P\\.?A(?:-C)?|N\\.?P|R\\.?T(?:\\.?\\s?\\(\\w{1,3}\\)){0,3}|RDMS|RVT|ARRT|CNP|CRNP|CNM|APRN|DNP|FRCR|' +
    'FRCS|FRCPC?|FACR|FACC|FACS|MBBS|MB\\s?BCh|MBChB|MRCP|MRCVS|BVSc|DVM|DDS|DMD|DPM|DC|MPH|MSc|BSc|PharmD|MTRA|MTA|' +
    'MTR|OA|OÄ)(?![\\p{L}\\p{N}])',
  'iuy',
);
/** Verbs said of a patient: the words between "patient" and such a verb are a name. */
const VERBS =
  'was|is|has|had|will|presents|presented|complains|wurde|war|ist|hat|klagt|kommt|hatte|a|est|était|présente|se|fue|tiene|presenta|es|refiere|è|ha|era|foi|tem|apresenta|werd|is|heeft|had|klaagt|' +
  'został|została|ma|jest|był|была|был|имеет|жалуется|поступил|поступила|edildi|muayene';
/**
 * Verbs said of relatives who speak, ask, come or bring something. The words between a relation and such a verb are a
 * name.
 */
const SAID =
  'called|calls|phoned|reports|reported|says|said|states|stated|tells|told|denies|denied|confirms|' +
  'confirmed|asks|asked|requests|requested|wants|wanted|agrees|agreed|consents|consented|signed|signs|' +
  'came|comes|brought|brings|gave|gives|describes|described|noticed|notices|noted|found|lives|helps|' +
  'accompanies|accompanied|translated|translates|refused|refuses|would|could|should|can|may|died|did|' +
  'does|was|were|' +
  'ruft|rief|sagt|sagte|berichtet|berichtete|gibt|gab|bittet|bat|fragt|fragte|wünscht|bestätigt|' +
  'bestätigte|verneint|begleitet|begleitete|bringt|brachte|kam|unterschreibt|unterschrieb|informiert|' +
  'meldet|teilt|möchte|wird|lebt|verstarb|übersetzt|' +
  'appelle|appelé|appelée|dit|signale|rapporte|demande|confirme|décrit|accompagne|souhaite|précise|vient|' +
  'apporte|vit|veut|refuse|sera|' +
  'llama|llamó|dice|dijo|informa|informó|comenta|pide|pidió|solicita|confirma|niega|acompaña|acude|trae|' +
  'vive|será|chiama|chiamato|riferisce|riferito|dice|chiede|conferma|nega|accompagna|porta|viene|sarà|liga|' +
  'ligou|diz|disse|relata|relatou|pede|pediu|traz|acompanha|mora|' +
  'belt|belde|gebeld|zegt|zei|meldt|meldde|vraagt|vroeg|bevestigt|ontkent|begeleidt|brengt|kwam|komt|wil|' +
  'zal|woont|dzwoni|dzwoniła|dzwonił|mówi|zgłasza|zgłosiła|zgłosił|podaje|prosi|potwierdza|przyszła|' +
  'przyszedł|neguje|сообщает|сообщила|сообщил|звонит|звонила|звонил|говорит|просит|подтверждает|пришла|' +
  'пришел|отрицает|сказала|сказал|aradı|dedi|diyor|söyledi|bildirdi|istedi|geldi|getirdi|söylüyor';

/** Parts of names that are not capitalised. */
export const BETWEEN_NAMES: ReadonlySet<string> = new Set(
  'von van der den de del dela della dello di da do dos das du des la le lo los las el al bin bint ibn ben abd abu ter ten te zu zum zur vom y e i af av بن بنت ابن أبو عبد'.split(
    ' ',
  ),
);

export const CUES = {
  NAMES,
  RELATIONS,
  ROLES,
  PATIENTS,
  TITLES,
  BEHIND_A_TITLE,
  DONE,
  DOERS,
  VERBS: `${VERBS}|${SAID}`,
  OF_A_THING,
};
