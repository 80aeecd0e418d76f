/** The words for instances that a destination did not take, and for studies that were given up there. */
import type { GivingUpReason } from '#shared/protocol/dimse-peer.ts';
import type { Need } from '#shared/protocol/forms.ts';
import { counted, instances } from '../kit/counted.ts';
import { formatMoment } from '../kit/format.ts';

export const deadLetterWords = {
  label: (name: string) => `Not accepted by ${name}`,
  title: (count: number) => `${instances(count)} not accepted`,
  what: {
    also: 'This destination is optional, so the senders are not asked. The instances stay here until you decide.',
    required: 'This destination is required, so the studies wait for a decision by you or the sender.',
  } satisfies Record<Need, string>,
  loading: 'Loading the reasons…',
  study: 'Study',
  since: (count: number, since: string) =>
    `${instances(count)}, since ${formatMoment(new Date(since), new Date())}`,
  because: (count: number, why: string) => `${instances(count)}: ${why}`,
  code: (code: string, says: string, remedy: string) => `Code ${code}: ${says} ${remedy}`,
  unknown: 'The gateway gave a reason that this page does not recognize.',
  more: (shown: number, total: number) =>
    `The oldest ${shown} of ${counted(total, 'study', 'studies')}. “Try all again” and “Give up all” apply to all of them.`,
  notDecided: (count: number) =>
    `Your decision could not be applied to ${instances(count)}, which ${count === 1 ? 'stays' : 'stay'} in the list. It was applied to the others.`,
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
      also: 'They will not be sent to this destination again. Other destinations keep their copies. The audit trail records your reason.',
      required:
        'They will not be sent to this destination again, and the senders are no longer asked. Receipts will state that this destination does not have them. The audit trail records your reason.',
    } satisfies Record<Need, string>,
    reasons: {
      'came-otherwise': 'They reach the destination in another way',
      'not-needed': 'They are not needed there',
      'cannot-be-sent': 'They cannot be sent there, and the department knows',
    } satisfies Record<GivingUpReason, string>,
  },
  givenUp: (studies: number) =>
    `${counted(studies, 'study was', 'studies were')} given up before all images had arrived here`,
  resend: 'Send again',
  askResend: (name: string, studies: number) => ({
    title: `Send ${counted(studies, 'study', 'studies')} to ${name} after all?`,
    about: '',
    what: 'If the gateway no longer has the instances, it fetches them from another destination and checks them. Studies that require this destination count as in the PACS again once all arrived.',
    yes: 'Send again',
    no: 'Cancel',
  }),
};
