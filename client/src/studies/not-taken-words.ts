/** The words for instances that a script or a modality sent and of which the gateway stored nothing. */
import { counted, images, toDecide } from '../kit/counted.ts';

const UNTIL = 'Until you decide, readers of the study do not see them.';

const atDecision = (isAll: boolean): string =>
  isAll
    ? 'The list of the whole site has them under “To decide”, with the reason.'
    : 'The list of your studies has them under “To decide”, with the reason.';

export const notTakenWords = {
  title: 'Sent by a script or a modality, not stored',
  what: 'The gateway did not keep these images: only the sender has them. Until they are sent again, readers of the study do not see them.',
  more: (shown: number, total: number) => `The newest ${shown} of ${total.toLocaleString('en')} files.`,
  from: (username: string, sender: string | null, when: string) =>
    [sender === null ? username : `${sender} (${username})`, when].join(', '),
  under: (policy: string, id: string) => `Sent under ${policy}. File ${id}`,
  noStudy: 'Nothing of this file was stored.',
  study: 'Open the study that has the rest',
  /** Stands before the UID under which a study that was not stored would have been sent. */
  notHere: 'Nothing of this study is in the gateway:',
  /** `count`: the total number; the sender knows its files by their order. */
  places: (places: readonly number[], count: number) =>
    `${count === 1 ? 'Place' : 'Places'} in what was sent: ${places.join(', ')}${count > places.length ? ' and more' : ''}`,
  instance: 'SOP Instance UID:',
  /** `isAll`: instances of all accounts, for an administrator. */
  held: (count: number, isAll: boolean) => ({
    title: `Sent by a script or a modality: ${toDecide(count)}`,
    what: `The gateway has them, and they are not in the PACS. ${UNTIL} ${atDecision(isAll)}`,
    go: isAll ? 'Open the list of the whole site' : 'Open your studies',
  }),
  transfers: (count: number) => ({
    title: `${counted(count, 'transfer of a modality', 'transfers of modalities')} to decide`,
    what: 'The modality was told that these images are stored, and may have deleted them. They are not in the PACS, so readers of the study do not see them.',
    go: 'Open Modalities',
  }),
  missing: (count: number, why: string) => `${images(count)}: ${why}`,
  /** The pixels cannot be viewed here, because only the sender has the bytes. */
  look: (isForPixels: boolean) =>
    `Send it in the app, where a person can look, ${isForPixels ? 'cover the name and release it' : 'and release it as it is'}. ` +
    'Or, where names may be kept, have the sender send it again under a policy that keeps them, such as “identified”: it then comes under other UIDs, so leave it out here afterwards.',
  leaveOut: 'Leave out',
  of: (action: string, of: string) => `${action}: ${of}`,
  ask: (about: string) => ({
    title: 'Leave these out?',
    about,
    what: 'Nobody is asked about them again, and nothing is deleted: files at the sender stay as they are, and so does whatever came in another way. The audit trail records your decision.',
    yes: 'Leave out',
    no: 'Decide later',
  }),
  notReached: 'The gateway could not be reached, so nothing was decided. Try again in a moment.',
} as const;
