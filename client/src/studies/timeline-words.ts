/** The words for what happened to a study, as the gateway recorded it. */
import type { GivingUpReason } from '#shared/protocol/dimse-peer.ts';
import { leftOutWhenCancelled } from '../kit/cancelled-words.ts';
import { counted } from '../kit/counted.ts';
import { leftOutBecause } from '../kit/left-out-words.ts';

type Fields = Readonly<Record<string, unknown>>;

const images = ({ instances }: Fields): string => counted(Number(instances), 'image', 'images');

const GIVEN_UP_BECAUSE: Readonly<Record<GivingUpReason, string>> = {
  'came-otherwise': 'they reach the destination in another way',
  'not-needed': 'they are not needed there',
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
  return decision === 'retry' ? `A person tried ${images(fields)} again` : undefined;
}

export const timelineWords = {
  open: 'What happened',
  loading: 'Loading the history…',
  failed: 'The gateway is not responding, so the history of this study cannot be shown.',
  empty: 'Nothing has reached the gateway yet.',
  label: 'What happened to this study',
  /** Replaces `upload-opened`; null: the policy asks for no reason. */
  openedWithNames: (reason: string | null) =>
    reason === null ? 'Sending began, with names' : `Sending began, with names: ${reason}`,
  /** Replaces `parcel-received` after the upload was cancelled. */
  tooLate: 'A part arrived after cancelling and was not stored',
  inAudit: 'Show in the audit trail',
  /** Stands before the name of a destination. */
  at: ': ',
  /** Shown below a report of the gateway: its steps to the PACS. */
  road: (steps: number) => `Its ${counted(steps, 'step', 'steps')} to the PACS`,
  by: (account: string) => `by ${account}`,
  /** Words from the event's fields; undefined: use those of `events`. */
  told: {
    'instances-covered': (fields) => `Parts of ${images(fields)} covered before sending`,
    'instances-released': (fields) =>
      `${images(fields)} released: ${fields['instances'] === 1 ? 'it shows' : 'they show'} no names`,
    'instances-decided': decidedOf,
    'study-forwarded': ({ posted, refused }) =>
      posted === 0 && Number(refused ?? 0) > 0 ? 'Sent to the PACS, which accepted none of it' : undefined,
    'receipt-issued': ({ inPacs, firstOnly }) => {
      if (Number(firstOnly ?? 0) > 0) return 'Receipt issued: some images are in the first PACS only';
      return inPacs === 0 ? 'Record issued: no images are in the PACS' : undefined;
    },
    'study-evicted': ({ held }) =>
      held === true ? 'The gateway keeps its copy of images that need a decision' : undefined,
    'result-verified': ({ verdict }) => {
      if (verdict === 'agreed') return 'A verdict was given on a result: agreed';
      return verdict === 'corrected' ? 'A verdict was given on a result: corrected' : undefined;
    },
  } as Readonly<Record<string, (fields: Fields) => string | undefined>>,
  events: {
    'upload-opened': 'Sending began',
    'parcel-received': 'A part arrived at the gateway',
    'parcel-verified': 'The gateway checked a part',
    'parcel-damaged': 'A part arrived damaged and is sent again',
    'upload-carried': 'Sent from a file on a USB stick',
    'upload-completed': 'The device reported that the last images were sent or being sent',
    'study-assembled': 'The gateway assembled the study',
    'study-forwarded': 'Sent to the PACS',
    'study-reconciled': 'The gateway checked what the PACS has',
    'study-waiting': 'The study had to wait',
    'study-unsettled': 'More images of the study arrived',
    'receipt-issued': 'Receipt issued',
    'study-evicted': 'The gateway deleted its copy',
    'study-given-up': 'An additional destination was given up. The study is no longer sent there',
    'study-resumed': 'Sent to a destination that had been given up',
    'instances-fetched': 'Fetched from the first PACS for another destination',
    'instances-not-fetched': 'The first PACS did not return some images unchanged',
    'instances-known-to-pacs': 'Some images were already in the PACS',
    'instances-not-verified': 'Some images did not pass the check',
    'study-values-renewed': 'The values for a destination were updated from the rules',
    'instances-decided': 'A person decided about images',
    'instances-lost': 'The PACS no longer had some images, so they are sent again',
    'instances-never-arrived': 'Some images never arrived',
    'instances-taken-back': 'A person took images back',
    'upload-taken-back': 'A person took the study back',
    'inference-asked': 'A model run was requested',
    'inference-cancelled': 'A model run was cancelled',
    'inference-retried': 'A model run was requested again',
    'result-verified': 'A verdict was given on a result',
  } as Readonly<Record<string, string>>,
};
