/**
 * Every screen of the app in every state that tests inspect: the test file and the state. `inspectPage`
 * checks each in all windows and themes; RELAY_SCREENSHOTS names the folder for a picture of each.
 */
import type { Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { inspectPage } from '#testing/inspect-page.ts';

/** By the test file in client/src. */
export const SCREENS = {
  'screens.e2e.ts': {
    'sign-in': 'Nobody has signed in',
    'sign-in-refused': 'A wrong password',
    'upload-empty': 'Nothing is chosen',
    account: 'The account menu',
    'upload-found': 'Two studies of two patients, and files that cannot be sent',
    'upload-disc': 'A disc of two patients of which files are missing',
    policy: 'The choice of a policy',
    'policy-names': 'A policy that keeps names is about to be chosen',
    'upload-names': 'Such a policy is in force',
    'queue-offline': 'Two studies wait for the network',
    'take-back': 'Asks before a study is taken back',
    'queue-opened-offline': 'The app was opened without a network',
    'queue-arrived': 'A study is in the PACS',
    'study-arrived': 'A study in the PACS, with its receipt',
    receipt: 'The receipt of a study, to open, print and save',
    'receipt-printed': 'The receipt on paper',
    'study-decision': 'An instance contradicts the PACS',
    'needs-conflict': 'Both images of one identifier, to compare',
    'leave-out': 'Asks before an instance is left out',
    'not-found': 'An address that does not exist',
    'queue-of-another': 'Studies of other people wait',
    'study-receipt-faulty': 'A receipt does not hold',
  },
  'pipeline/ingest/mixed-patients.e2e.ts': {
    'upload-mixed': 'A study names two patients, and nobody has decided',
    'needs-mixed': 'Both patients of a study, to be sent apart or left out',
    'upload-patient-left-out': 'A study without the patient whom a person left out',
  },
  'pipeline/ingest/orders.e2e.ts': {
    'order-fits': 'A study fits an order',
    'order-sheet': 'The orders of a day',
    'order-wrong-patient': 'Asks before a study is sent under another patient’s order',
  },
  'policies.e2e.ts': {
    'send-reason': 'The policy asks why names are kept',
  },
  'screens-account.e2e.ts': {
    password: 'A new password that is too easy',
    sessions: 'Where a person is signed in',
  },
  'admin/api-keys.e2e.ts': {
    admin: 'What an administrator can set up',
    'api-keys': 'A new API key, and one that was revoked',
    'api-keys-revoke': 'Asks before a key is revoked',
  },
  'admin/dimse-peers.e2e.ts': {
    'dimse-peers': 'A modality may store, and the gateway listens for none yet',
    'dimse-peer-form': 'A modality whose address is none',
    'dimse-peer-delete': 'Asks before a modality is deleted',
    'dimse-transfers': 'Stored images that have not reached the PACS',
    'dimse-transfer-give-up': 'Asks why they are given up',
  },
  'cases/cases.e2e.ts': {
    'case-form': 'A new case without a title',
    case: 'A case that is overdue, with a note',
    'case-close': 'Asks before a case is closed',
    cases: 'Two cases that wait for their study',
    'cases-hidden': 'The same without what may hold a name',
    'cases-none': 'Filters that no case fits',
    'case-view-save': 'A saved view without a name',
    'cases-views': 'A saved view is shown',
  },
  'cases/cases-bulk.e2e.ts': {
    'cases-chosen': 'Two cases are chosen',
    'cases-change': 'A change of two cases that changes nothing',
  },
  'cases/cases-csv.e2e.ts': {
    'cases-import': 'A file of cases with unknown columns and a wrong row',
    'exports-none': 'Nothing was exported yet',
    'export-ask': 'An export without a purpose',
    exports: 'An export that is ready',
    'export-report': 'An export as a report to print',
  },
  'story.e2e.ts': {
    'cases-sample': 'The cases of the sample data',
    'case-sample': 'A case with a result, a reading, notes and tags',
    'run-case': 'A model is to look at the study of a case',
    'review-second': 'A film for a blinded second reader',
    'exports-anonymous': 'Two anonymous exports that are ready',
  },
  'analytics/analytics.e2e.ts': {
    'figures-uploads': 'What came in during 30 days',
    'figures-shown': 'The studies that a number counts',
    'figures-models': 'Two versions of a model: one with verdicts, one of few studies',
    'figures-calibration': 'How far the scores of a model are right',
    'figures-reviews': 'How long reviews take, who reads them, and agreement',
    'figures-none': 'A period in which nothing came in',
    'figures-refused': 'Figures that could not be fetched',
  },
  'analytics/private-figures.e2e.ts': {
    'figures-private-ask': 'A researcher is told what an answer with noise costs',
    'figures-private': 'Counts with noise, and what is left of the month',
    'figures-private-spent': 'The answers of the month are spent',
  },
  'reviews/reviews.e2e.ts': {
    review: 'A film to be read, with a question that was left out',
    'review-kept': 'Answers wait for the network',
    'review-settled': 'A review that was signed',
    'review-give': 'Giving a reading to somebody else',
    reviews: 'What a radiologist has signed',
    'review-adjudicate': 'Two readers differ, and so do their marks',
    'review-marks': 'Marks on an image, one of them chosen',
    'review-mark-form': 'A mark by numbers, with a place outside the image',
  },
  'reviews/types/review-types.e2e.ts': {
    'review-types': 'The review types of the site',
    'review-type-form': 'A review type that is made, with two questions',
  },
  'person.e2e.ts': {
    'lock-warning': 'Nobody has touched the device for a while',
    'sign-in-locked': 'The device has locked',
    'start-auditor': 'What an auditor may do',
    'studies-auditor': 'The studies of the site, for an auditor',
    'start-researcher': 'What a researcher may do',
    'studies-radiologist': 'A radiologist has sent nothing',
    settings: 'Settings, storage and the report of the device',
    'settings-large': 'The same in very large text',
    'help-signed-out': 'Help before signing in',
    help: 'Help for somebody who is signed in',
  },
  'admin/destinations.e2e.ts': {
    destinations: 'The destination of the environment, and one with a wrong password',
    'destination-form': 'A destination with mistakes in the form',
    'destination-delete': 'Asks before a destination is deleted',
    'destination-worklist': 'An address of a worklist that is none',
    'orders-import': 'A list of orders with a fault',
    'destination-viewers': 'A viewer whose address does not name the study',
  },
  'admin/built-in-viewer.e2e.ts': {
    'built-in-viewer': 'The built-in viewer while it is fetched',
    'built-in-viewer-refused': 'The built-in viewer after another package came than the known one',
  },
  'admin/sample-data.e2e.ts': {
    'sample-data': 'Sample data is there',
    'sample-data-remove': 'Asks before it is removed',
    'sample-data-left': 'A PACS keeps some of it',
  },
  'admin/rules.e2e.ts': {
    'rules-empty': 'No rule yet',
    'rule-form': 'A rule without a name',
    'rule-case': 'A rule that opens a case',
    rules: 'Two rules, one switched off, and what a dry run says of them',
  },
  'screens-queue.e2e.ts': {
    'queue-order': 'Three studies in their order',
    cancel: 'Asks before a study is cancelled on its way',
    'queue-proxy': 'A proxy answers in the gateway’s place',
    'queue-lost': 'The browser has cleared its storage',
    'upload-too-large': 'Not enough space',
    'upload-choice-lost': 'The page was reloaded before Send',
    'upload-sent-before': 'The chosen study is in the PACS already',
  },
  'needs.e2e.ts': {
    needs: 'Instances are held back, with their pictures',
    'needs-none': 'Nothing needs a person',
    'not-all-sent': 'A ticked document that the policy does not send',
    'study-left-out': 'A study in the PACS of which a person left a part out',
    'needs-policy': 'Another policy is offered for it',
  },
  'studies/studies.e2e.ts': {
    'studies-day': 'A day of studies: one is open, one needs a person, some were sent from another device',
    'studies-found': 'A search that finds two of one name',
    'studies-none': 'A search that finds nothing',
    'studies-select': 'Studies are being selected',
    'studies-carry': 'Without a network a stick is offered for all that waits',
    'studies-stick': 'Two studies can be saved to a file for a stick',
    'studies-removed': 'Studies were removed from the list',
    'studies-put-back': 'The removed ones, and how they are put back',
    'receipt-checked': 'A receipt that is genuine',
    'receipt-false': 'A receipt that is not',
    'studies-timeline': 'What happened to a study',
  },
  'upload-right.e2e.ts': {
    'queue-ownerless': 'An administrator may take over the studies of a disabled account',
    'take-over': 'Asks before they are taken over',
  },
  'background.e2e.ts': {
    'queue-goes-on-open': 'A browser without Background Sync',
    'queue-news': 'Notifications are offered',
  },
  'before-after.e2e.ts': {
    'before-after-card': 'A found study, and the way to before and after',
    'before-after': 'What is removed from a CT',
    'before-after-scrolled': 'The same, scrolled',
    'before-after-search': 'A search that finds elements',
    'before-after-nothing': 'A search that finds nothing',
    'before-after-kept': 'Kept elements only',
    'before-after-identified': 'Nothing is changed',
    'held-back-card': 'A found study of which instances are held back',
    'held-back': 'Instances are held back',
    'held-large': 'The picture of an instance, larger',
    'release-all': 'Asks before all are released',
    'held-back-released': 'Two of three are released',
    'held-document': 'A document cannot be released',
    'before-after-unreadable': 'A file can no longer be read',
    'before-after-missing': 'The study is no longer chosen',
    'held-cine': 'A cine is held back',
    'held-shown': 'Every frame of it was shown',
  },
  'cover.e2e.ts': {
    cover: 'Boxes are drawn over a name, for two films',
    'cover-tried': 'What is sent then',
    'held-covered': 'Both are covered',
    'cover-refused': 'Two of three cannot be covered',
  },
  'triage.e2e.ts': {
    'triage-card': 'Films that can be turned for display',
    'triage-turned': 'Such a film, turned',
    'triage-film': 'Such a film as stored, marked',
    'triage-blurred': 'A film that should be repeated',
    'triage-queue': 'Such a film, queued',
  },
  'results/results-screens.e2e.ts': {
    'results-empty': 'There are no results',
    results: 'Results, and jobs above them',
    'result-above': 'A finding above the threshold',
    'result-gradients': 'Integrated gradients',
    'result-lungs': 'Lung fields',
    'result-keys': 'The keys',
    'result-no-image': 'A verdict is impossible without the image',
    'result-verified': 'A verdict that was saved',
    'result-history': 'A verdict that was changed',
    'result-not-sent': 'A verdict that waits for the link',
    'results-not-sent': 'The list tells of a verdict that was not sent',
    'result-change': 'A verdict that stands while it is changed',
    'result-correct': 'A correction without what it needs',
    'result-overtaken': 'Somebody else’s verdict came first',
    'result-outside': 'Outside the model’s population',
    'result-not-a-film': 'Not a chest film',
    'result-remarks': 'With remarks',
    'result-lung-fields': 'Lung fields alone',
    beside: 'Two versions',
    'result-missing': 'There is no such result',
    'results-unreachable': 'The gateway does not answer',
    run: 'A study to look at',
    'run-file': 'A file to look at',
    'run-uid': 'A UID that is none',
    'run-watch': 'A job that is running',
    'run-failed': 'A job that failed',
    models: 'The models',
    'models-stop': 'Asks before a model is stopped',
    'account-unkept': 'A verdict could not be saved before signing out',
  },
  'results/results.e2e.ts': {
    'real-result': 'A finding of the real model',
    'real-gradients': 'Its integrated gradients',
    'real-lungs': 'Its lung fields',
    'real-verified': 'A verdict after a reload',
    'real-silent': 'The model gives no answer',
    'real-list': 'Results of a study',
    'real-found': 'A study that somebody else sent, found in the PACS',
  },
  'results/stored.e2e.ts': {
    'stored-result': 'A result that is in the PACS',
    'stored-report-open': 'The report, everything opened',
    'stored-report': 'The report',
    'stored-segmentation': 'The segmentation',
    'stored-heat-map': 'The heat map',
    'stored-verified': 'The verified report',
    'stored-gone': 'The PACS no longer holds it',
    'stored-away': 'The PACS does not answer',
  },
} as const;

type NamesOf<T> = T extends T ? keyof T : never;
export type ScreenName = NamesOf<(typeof SCREENS)[keyof typeof SCREENS]>;

/**
 * The main job. Every run measures these in longer words and both directions of writing (other-languages.ts),
 * `npm run lab -- other-languages` all screens.
 */
const IN_OTHER_LANGUAGES: ReadonlySet<ScreenName> = new Set([
  ...(['sign-in', 'upload-empty', 'upload-found'] as const),
  ...(['queue-offline', 'study-arrived', 'receipt'] as const),
]);

/** In every window and both themes: accessible, targets large enough, nothing scrolls sideways. */
export async function looksRight(page: Page, name: ScreenName): Promise<void> {
  const otherLanguages = IN_OTHER_LANGUAGES.has(name) || process.env['RELAY_OTHER_LANGUAGES'] === 'yes';
  const faults = await inspectPage(page, name, { folder: process.env['RELAY_SCREENSHOTS'], otherLanguages });
  assert.equal(
    faults,
    [],
    `${name}\n${faults.map(({ window, theme, fault }) => `${window}, ${theme}: ${fault}`).join('\n')}`,
  );
}
