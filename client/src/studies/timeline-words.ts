/** The words for what happened to a study, as the gateway recorded it. */
import type { GivingUpReason } from '#shared/protocol/dimse-peer.ts';
import { leftOutWhenCancelled } from '../kit/cancelled-words.ts';
import { counted } from '../kit/counted.ts';
import { leftOutBecause } from '../kit/left-out-words.ts';

type Fields = Readonly<Record<string, unknown>>;

const images = ({ instances }: Fields): string => counted(Number(instances), 'image', 'images');

const GIVEN_UP_BECAUSE: Readonly<Record<GivingUpReason, string>> = {
  'came-otherwise': 'they get there in another way',
  'not-needed': 'nobody needs them there',
  'cannot-be-sent': 'they cannot be sent there, and the department knows',
};

function decidedOf(fields: Fields): string | undefined {
  const { decision, cancelled, instances, arrived, cause, because: reason } = fields;
  if (cancelled === true)
    return `Sending was cancelled: ${leftOutWhenCancelled(Number(instances), Number(arrived))}`;
  const givenUp = Object.entries(GIVEN_UP_BECAUSE).find(([code]) => code === reason);
  if (givenUp !== undefined)
    return `An administrator gave up ${images(fields)} at a destination: ${givenUp[1]}`;
  if (decision === 'leave-out') {
    const because = Object.entries(leftOutBecause).find(([code]) => code === cause);
    return `A person left out ${images(fields)}${because === undefined ? '' : `: ${because[1]}`}`;
  }
  return decision === 'retry' ? `A person had ${images(fields)} tried again` : undefined;
}

export const timelineWords = {
  open: 'What happened',
  loading: 'Asking the gateway…',
  failed: 'The gateway does not answer, so its record of this study cannot be shown.',
  empty: 'Nothing has reached the gateway yet.',
  label: 'What happened to this study',
  /** Replaces `upload-opened`; null: the policy asks for no reason. */
  openedWithNames: (reason: string | null) =>
    reason === null ? 'Sending began, with names' : `Sending began, with names: ${reason}`,
  /** Replaces `parcel-received` after the upload was cancelled. */
  tooLate: 'A part that was on its way arrived after that, and is not stored',
  inAudit: 'Open it in the audit trail',
  /** Stands before the name of a destination. */
  at: ': ',
  /** Shown below a report of the gateway: its steps to the PACS. */
  road: (steps: number) => `Its ${counted(steps, 'step', 'steps')} to the PACS`,
  by: (account: string) => `by ${account}`,
  /** Words from the event's fields; undefined: use those of `events`. */
  told: {
    'instances-covered': (fields) => `${images(fields)} covered in part before sending`,
    'instances-released': (fields) =>
      `${images(fields)} released: nothing in ${fields['instances'] === 1 ? 'it' : 'them'} names anybody`,
    'instances-decided': decidedOf,
    'study-forwarded': ({ posted, refused }) =>
      posted === 0 && Number(refused ?? 0) > 0 ? 'Handed to the PACS, which took none of it' : undefined,
    'receipt-issued': ({ inPacs, firstOnly }) => {
      if (Number(firstOnly ?? 0) > 0) return 'Receipt issued: some of it is in the first PACS only';
      return inPacs === 0 ? 'Record issued: none of it is in the PACS' : undefined;
    },
    'study-evicted': ({ held }) =>
      held === true ? 'The gateway keeps its copy of the images to decide' : undefined,
    'result-verified': ({ verdict }) => {
      if (verdict === 'agreed') return 'A verdict was given on a result: agreed';
      return verdict === 'corrected' ? 'A verdict was given on a result: corrected' : undefined;
    },
  } as Readonly<Record<string, (fields: Fields) => string | undefined>>,
  events: {
    'upload-opened': 'Sending began',
    'parcel-received': 'A part arrived at the gateway',
    'parcel-verified': 'The gateway checked a part of it',
    'parcel-damaged': 'A part arrived damaged and is sent again',
    'upload-carried': 'It was brought in a file from a stick',
    'upload-completed': 'The device said that everything was sent or on its way',
    'study-assembled': 'The gateway put it together',
    'study-forwarded': 'Handed to the PACS',
    'study-reconciled': 'The PACS was asked what it has',
    'study-waiting': 'It had to wait',
    'study-unsettled': 'More of it came',
    'receipt-issued': 'Receipt issued',
    'study-evicted': 'The gateway deleted its copy',
    'study-given-up': 'A further destination was given up: the study no longer goes there',
    'study-resumed': 'A destination that was given up gets it after all',
    'instances-fetched': 'Fetched from the first PACS, for a further destination',
    'instances-not-fetched': 'The first PACS did not return some of it unchanged',
    'instances-known-to-pacs': 'The PACS had some of it before',
    'instances-not-verified': 'Some images did not pass the check',
    'study-values-renewed': 'The values for a destination were taken from the rules again',
    'instances-decided': 'A person decided about images',
    'instances-lost': 'The PACS no longer had some images, so they are sent again',
    'instances-never-arrived': 'Some images never arrived',
    'instances-taken-back': 'A person took images back',
    'upload-taken-back': 'A person took it back',
    'inference-asked': 'A model was asked about it',
    'inference-cancelled': 'A question to a model was cancelled',
    'inference-retried': 'A model was asked about it again',
    'result-verified': 'A verdict was given on a result',
  } as Readonly<Record<string, string>>,
};
