/** The words for a modality's stored images that do not reach the PACS without a decision. */
import type { GivingUpReason } from '#shared/protocol/dimse-peer.ts';
import { instances } from '../kit/counted.ts';

export const dimseTransferWords = {
  title: 'Stored, but not in the PACS',
  what: 'The modality was told that these images were stored, and may have deleted them. The gateway keeps them until you decide.',
  more: (shown: number, total: number) => `The oldest ${shown} of ${total.toLocaleString('en')} transfers.`,
  from: (aeTitle: string, when: string) => `${aeTitle}, ${when}`,
  missing: (count: number, why: string) => `${instances(count)}: ${why}`,
  study: 'Open the study',
  triesAgain: 'The gateway tries again automatically when this is fixed.',
  sendAgain: 'Send again',
  tryNow: 'Try now',
  giveUp: 'Give up',
  of: (action: string, of: string) => `${action}: ${of}`,
  sheet: {
    title: 'Give up these images?',
    what: 'Images of this transfer that are not in the PACS are permanently deleted. The audit trail records your reason.',
    reasons: {
      'came-otherwise': 'They reach the PACS in another way',
      'not-needed': 'They are not needed, for example a test',
      'cannot-be-sent': 'They cannot be sent, and the department knows',
    } satisfies Record<GivingUpReason, string>,
  },
} as const;
