/**
 * The rooms of the client and of the gateway, each side in one order: a room imports those that stand before it, itself
 * and `shared/src`, and none after it. So every arrow between two rooms has one direction. A large room holds smaller
 * ones, which stand before it: they import none of its own files. `imports.ts` refuses an arrow the other way, and
 * `generate-map.ts` writes the map in docs/develop.md from here.
 */

/** A folder below `client/src` or `gateway/src`, and its work in a line. */
export type Room = readonly [folder: string, work: string];

export const ROOMS: Readonly<Record<'client' | 'gateway', readonly Room[]>> = {
  client: [
    ['kit', 'parts that every page uses: icons, sheets, lists, formats, routes'],
    ['net', 'talking to the gateway: API client, session, clocks, readers of answers'],
    ['viewer', 'opening a study in the viewers that the site has'],
    [
      'pipeline/queue',
      'studies that wait on the device: their rows (Dexie, encrypted), the track that shows where each one is, and its warnings',
    ],
    [
      'outbox',
      'what a person says and the gateway has not heard yet: verdicts, answers, signatures, marks, kept encrypted and sent in order',
    ],
    ['pipeline/compare', 'what the policy does to each element of an instance, side by side'],
    [
      'pipeline/ingest/choose',
      'a person’s choice as a list of files: folders, drops, archives, discs and their indexes; the sample study',
    ],
    [
      'pipeline/ingest/workers',
      'the pool of workers and its tasks: reading headers, naming instances, packing parcels',
    ],
    [
      'pipeline/ingest/found',
      'found studies before Send, as values and in words: series, patients, warnings, what is held back, what Send takes',
    ],
    [
      'pipeline/ingest/prepare',
      'a found study brought into the queue: its policy ready, instances named and packed',
    ],
    [
      'pipeline/ingest/orders',
      'the order of a found study: matched, confirmed, or chosen from those of a day',
    ],
    ['pipeline/ingest/card', 'the card of a found study, and whether it was sent before'],
    [
      'pipeline/ingest/page',
      'the parts of the upload page: the selection, its progress, and the bar with Send',
    ],
    [
      'pipeline/ingest',
      'the upload page and its store: chosen files are read, decisions are kept and applied again, Send gives the queue what is to be sent',
    ],
    [
      'pipeline/deid',
      'before and after: the policy’s effect on a study, shown before Send; `cover/`: boxes over names in pixels',
    ],
    ['pipeline/triage', 'models examine plain films before Send'],
    [
      'cases/parts',
      'parts of cases that other pages have too: the patient, marks, filters, words, and *Create case*',
    ],
    [
      'results/parts',
      'what every page of results needs: results and lists of them, runs that are followed, kinds of findings, words, previews',
    ],
    ['results/find', 'finding a study in the PACS, to run a model on it'],
    [
      'results/result',
      'one result, or two side by side: the image with its map, the finding, the verdict; single keys',
    ],
    ['results/stored', 'instances of a result as the PACS holds them: reports, segmentations, pictures'],
    ['results/run', 'running a model: the form, then the progress'],
    ['results/list', 'the list of results, with its filters and the verdicts that were not sent'],
    ['results/models', 'models, their versions and cards'],
    ['results', 'the pages of results, joined; links from a study to what models found in it'],
    [
      'pipeline/upload',
      'manifest, tus, pace, events; the view of a study and its receipt, printed too; `sender/` starts sending, in the page and in workers',
    ],
    [
      'reviews/parts',
      'what several pages of reviews show: answers, decisions and outcomes in words, the count of reviews that wait',
    ],
    ['reviews/image', 'the images of a case: window, zoom and marks'],
    ['reviews/stored', 'the marks of readers as the PACS holds them'],
    [
      'reviews/review',
      'one review: the form beside the images, answers and marks kept until they are sent, signatures',
    ],
    ['reviews/case', 'reviews and images on the page of a case, and *Request a reading*'],
    ['reviews', 'what is to be read: reviews, and studies without a reading; `types/`: the types of reviews'],
    ['exports', 'files that are made of many cases for a purpose: asked for, followed, saved, erased'],
    ['admin', 'pages for administrators: accounts, destinations, rules, API keys'],
    ['analytics', 'the dashboard: uploads, models and reviews in numbers and charts, each with its table'],
    ['cases', 'cases: the list with its filters, and a case with its notes'],
    [
      'studies',
      'the day’s list: every study of a person, found again with its receipt; what needs a person, and its badge; checking a receipt by camera',
    ],
    ['audit', 'the audit trail: what happened, who did it, and whether the chain is whole'],
  ],
  gateway: [
    ['database', 'tables, migrations, PostgreSQL'],
    ['jobs', 'queues of work and clocks, by pg-boss'],
    ['threads', 'worker threads, and the turns and the memory that they share'],
    ['dimse', 'DIMSE’s upper layer and messages, for the adapter of a PACS and for the listener'],
    ['ports', 'blobs, PACS, inference engine: an interface, its adapters, a contract test'],
    ['observability', 'the log and the metrics'],
    ['http', 'around every request: routes, callers, problems, limits, the one door for bytes'],
    ['audit', 'the audit trail, its signed heads, and who may read it'],
    ['auth', 'accounts, passwords, sessions, tokens, roles, devices’ right to send'],
    ['policies', 'which policies exist, what roles may read, quotas'],
    ['admin', 'users, API keys, policies and quotas, by an administrator'],
    ['vault', 'sealed identities, and the two people who open one together'],
    ['models', 'uploaded models, and how each version does'],
    ['running', 'the gateway’s health, version and metrics, for those who watch it'],
    [
      'pipeline/stores',
      'the pipeline’s rows: studies, instances, parcels, copies, receipts, files of other clients; whose an upload is; names of blobs, keys of studies',
    ],
    [
      'pipeline/pacs',
      'asking a PACS for instances, and what its answers teach: how large a request may be, whether it takes any',
    ],
    [
      'pipeline/plan',
      'the stages by name, the tools they get, and the plans they return, each applied in one transaction',
    ],
    ['pipeline/spool', 'files of other clients, encrypted on the disk until they are opened'],
    [
      'pipeline/copies',
      'studies at further destinations: their instances fetched, given other values there, sent after all',
    ],
    [
      'pipeline',
      'the stages in order; a folder a stage, none of which imports another: `intake verify assembly forward receipt eviction`',
    ],
    [
      'doctor',
      'looks at a PACS and says what is wrong with it and what to change: `relay doctor`, and *Test* of a destination',
    ],
    [
      'destinations',
      'the PACSs to which studies go, in the database, and the connection to each; by an administrator',
    ],
    ['worklist', 'orders of modality worklists and imported lists, and which study is of which'],
    [
      'viewer',
      'the built-in viewer: OHIF’s package fetched, checked and unpacked; its origin, and DICOMweb there for one study',
    ],
    [
      'rules',
      'which destinations a new study gets, and which models look at it: one form of rule, one matcher, one dry run',
    ],
    ['uploads', 'a client’s questions about its uploads: init, status, events, decisions'],
    ['studies', 'what people ask about the studies they sent: the list, the timeline, the receipt on paper'],
    [
      'foreign/files',
      'files of other clients, and opening them in a thread: the instances in each, treated under the policy',
    ],
    [
      'foreign/transfers',
      'instances of opened files, sent on the road of every upload; those that were not taken, until a person has answered',
    ],
    ['foreign/dicomweb', 'QIDO-RS and WADO-RS: searching and reading the PACS, as far as a caller may'],
    ['foreign/stow', 'STOW-RS, and storage commitment over DICOMweb'],
    ['foreign/dimse', 'the DIMSE listener, its peers, and storage commitment to them'],
    ['foreign', 'other clients: the routes and jobs of those that send by tus or speak DICOMweb'],
    [
      'images',
      'looks at images in a thread of its own: pictures, previews, prints, and what models are asked',
    ],
    [
      'findings',
      'what people and models said of an image, and who may know it: blinded readers, reach, outcomes that stand',
    ],
    ['results', 'findings of models, and verdicts with the reports that follow'],
    ['inference', 'runs of models: asked for, by rule, and as jobs'],
    [
      'cases',
      'studies of one patient with what people write of them, as ciphertext; who sees what of a case',
    ],
    [
      'reviews',
      'what people answer of a case and mark on its images, blinded to each other, and sign; cases that rules open; the work of accounts that leave',
    ],
    ['dicom-results', 'findings become SR, SEG and Secondary Capture, readers’ marks SR'],
    [
      'analytics',
      'figures for dashboards: what came in, what models found, how it was read; predictions as CSV',
    ],
    ['exports', 'data of many cases as a file, redacted, for a stated purpose; templates of exports'],
    ['backup', 'backups: made, kept and restored, and the first start afterwards'],
    ['retention', 'how long what is kept: legal holds, deletion with proof, the archive of the audit trail'],
    ['storage', 'what occupies the disk, and files that nothing needs'],
    ['configuration', 'what a site has set, as one document: read, planned, applied'],
    ['sample', 'sample data for people who want to look around: its accounts, and its removal'],
  ],
};
