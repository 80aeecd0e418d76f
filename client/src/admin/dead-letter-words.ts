/** The words for instances that a destination did not take, and for studies that were given up there. */
import type { GivingUpReason } from '#shared/protocol/dimse-peer.ts';
import type { Need } from '#shared/protocol/forms.ts';
import { counted, instances } from '../kit/counted.ts';
import { formatMoment } from '../kit/format.ts';

export const deadLetterWords = {
  label: (name: string) => `Not taken by ${name}`,
  title: (count: number) => `${instances(count)} not taken there`,
  what: {
    also: 'Nobody who sent them waits for this destination, so they stay here until you decide.',
    required:
      'This destination must have them, so their studies wait for a decision: yours here, or the sender’s.',
  } satisfies Record<Need, string>,
  loading: 'Reading why…',
  study: 'Study',
  since: (count: number, since: string) =>
    `${instances(count)}, since ${formatMoment(new Date(since), new Date())}`,
  because: (count: number, why: string) => `${instances(count)}: ${why}`,
  code: (code: string, says: string, remedy: string) => `Code ${code}: ${says} ${remedy}`,
  unknown: 'The gateway gives a reason that this page does not know.',
  more: (shown: number, total: number) =>
    `The oldest ${shown} of ${counted(total, 'study', 'studies')}. “Try all again” and “Give up all” are about all of them.`,
  notDecided: (count: number) =>
    `${instances(count)} could not be decided and ${count === 1 ? 'stays' : 'stay'} in the list. The others are decided.`,
  notDecidedWhy: (study: string, others: number, why: string) =>
    `Study ${study}${others > 0 ? `, and ${counted(others, 'other', 'others')}` : ''}: ${why}`,
  tryAgain: 'Try again',
  tryAll: 'Try all again',
  giveUp: 'Give up',
  giveUpAll: 'Give up all',
  of: (action: string, of: string) => `${action}: ${of}`,
  sheet: {
    title: 'Give up these instances?',
    what: {
      also: 'They will not be sent there again. The other destinations keep what they have. The audit trail records your reason.',
      required:
        'They will not be sent there again, and nobody who sent them is asked any more. Their receipts will say that this destination lacks them. The audit trail records your reason.',
    } satisfies Record<Need, string>,
    reasons: {
      'came-otherwise': 'They get there in another way',
      'not-needed': 'Nobody needs them there',
      'cannot-be-sent': 'They cannot be sent there, and the department knows',
    } satisfies Record<GivingUpReason, string>,
  },
  givenUp: (studies: number) =>
    `${counted(studies, 'study was', 'studies were')} given up here before all of it had arrived`,
  resend: 'Send again',
  askResend: (name: string, studies: number) => ({
    title: `Send ${counted(studies, 'study', 'studies')} to ${name} after all?`,
    about: '',
    what: 'The gateway fetches instances that it no longer has from the destination that has them, and checks them. Studies that must arrive there count as in the PACS again once they have.',
    yes: 'Send again',
    no: 'Cancel',
  }),
};
