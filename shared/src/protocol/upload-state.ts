/**
 * The state of one study's upload on the device.
 *
 *   reading ─packed─► safe ─started─► uploading ─all-sent─► at-gateway ─receipt-checked─► in-pacs ─evicted─► done
 *      │ └──────started───┼──────────────►│ ▲ │                │  │
 *      └──taken-back──────┴──► taken-back  │ └──parcels-lost────┘  └─receipt-names-refusals─► attention ─retry─► safe
 *                                          └─refused─► failed ─retry─► safe
 *
 * A study is announced as soon as its instances are known, and is sent while the rest of it is still being packed, so
 * `uploading` does not mean that it is safe. A study is called safe only when every byte is in the local database
 * (`packed`). The device may delete a study only after it has checked the signature of its receipt. A person may take a
 * study back, or cancel it, until everything is at the gateway.
 */

export const UPLOAD_STATES = [
  'reading',
  'safe',
  'uploading',
  'at-gateway',
  'in-pacs',
  'attention',
  'failed',
  'taken-back',
  'done',
] as const;
export type UploadState = (typeof UPLOAD_STATES)[number];

export const UPLOAD_EVENTS = [
  'packed', // every byte is in the local database: only now is the study safe on this device
  'started', // the gateway has the manifest; from the first parcel on, the study cannot be taken back
  'all-sent', // the gateway has accepted every parcel
  'parcels-lost', // the gateway lacks parcels (expired, or its disk was lost): they are sent again
  'receipt-checked', // the signed receipt says everything is in the PACS
  'receipt-names-refusals', // the signed receipt lists instances that a person must decide about
  'refused', // the gateway refuses the whole study (policy withdrawn, not allowed)
  'retry', // a person tries again
  'taken-back', // by a person, before the first byte is sent or in the middle
  'evicted', // this device's copy is deleted
] as const;
export type UploadEvent = (typeof UPLOAD_EVENTS)[number];

const TRANSITIONS: Record<UploadState, Record<UploadEvent, UploadState | null>> = {
  reading: {
    packed: 'safe',
    started: 'uploading',
    'all-sent': null,
    'parcels-lost': null,
    'receipt-checked': null,
    'receipt-names-refusals': null,
    refused: 'failed',
    retry: null,
    'taken-back': 'taken-back',
    evicted: null,
  },
  safe: {
    packed: 'safe',
    started: 'uploading',
    'all-sent': null,
    'parcels-lost': null,
    'receipt-checked': null,
    'receipt-names-refusals': null,
    refused: 'failed',
    retry: null,
    'taken-back': 'taken-back',
    evicted: null,
  },
  uploading: {
    packed: 'uploading',
    started: 'uploading',
    'all-sent': 'at-gateway',
    'parcels-lost': 'uploading',
    'receipt-checked': null,
    'receipt-names-refusals': null,
    refused: 'failed',
    retry: null,
    'taken-back': 'taken-back',
    evicted: null,
  },
  'at-gateway': {
    packed: null,
    started: null,
    'all-sent': null,
    'parcels-lost': 'uploading',
    'receipt-checked': 'in-pacs',
    'receipt-names-refusals': 'attention',
    refused: 'failed',
    retry: null,
    'taken-back': null,
    evicted: null,
  },
  'in-pacs': {
    packed: null,
    started: null,
    'all-sent': null,
    'parcels-lost': null,
    'receipt-checked': null,
    'receipt-names-refusals': null,
    refused: null,
    retry: null,
    'taken-back': null,
    evicted: 'done',
  },
  attention: {
    packed: null,
    started: null,
    'all-sent': null,
    'parcels-lost': 'uploading',
    'receipt-checked': 'in-pacs',
    'receipt-names-refusals': 'attention',
    refused: null,
    retry: 'safe',
    'taken-back': null,
    evicted: 'done',
  },
  failed: {
    packed: null,
    started: null,
    'all-sent': null,
    'parcels-lost': null,
    'receipt-checked': null,
    'receipt-names-refusals': null,
    refused: null,
    retry: 'safe',
    'taken-back': 'taken-back',
    evicted: null,
  },
  'taken-back': {
    packed: null,
    started: null,
    'all-sent': null,
    'parcels-lost': null,
    'receipt-checked': null,
    'receipt-names-refusals': null,
    refused: null,
    retry: null,
    'taken-back': null,
    evicted: 'done',
  },
  done: {
    packed: null,
    started: null,
    'all-sent': null,
    'parcels-lost': null,
    'receipt-checked': null,
    'receipt-names-refusals': null,
    refused: null,
    retry: null,
    'taken-back': null,
    evicted: null,
  },
};

/**
 * The state after `event`; null: the event means nothing in this state, or no longer does. Late and repeated messages
 * are normal.
 */
export function nextUploadState(state: UploadState, event: UploadEvent): UploadState | null {
  return TRANSITIONS[state][event];
}

/**
 * Whether the device may delete its copy: the checked receipt says that the PACS has the study, or the study was taken
 * back.
 */
export function isEvictable(state: UploadState): boolean {
  return state === 'in-pacs' || state === 'taken-back' || state === 'done';
}
