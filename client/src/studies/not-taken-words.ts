/** The words for instances that a script or a modality sent and of which the gateway stored nothing. */
import { counted, images, toDecide } from '../kit/counted.ts';

const UNTIL = 'Until you decide, they are missing from the study.';

const atDecision = (isAll: boolean): string =>
  isAll
    ? 'To see the reason, open the list of the whole site under “To decide”.'
    : 'To see the reason, open the list of your studies under “To decide”.';

export const notTakenWords = {
  title: 'Sent by a script or a modality, not stored',
  what: 'The gateway did not keep these images. Only the sender has them. They are missing from the study until they are sent again.',
  more: (shown: number, total: number) => `The newest ${shown} of ${total.toLocaleString('en')} files.`,
  from: (username: string, sender: string | null, when: string) =>
    [sender === null ? username : `${sender} (${username})`, when].join(', '),
  under: (policy: string, id: string) => `Sent under ${policy}. File ${id}`,
  noStudy: 'No part of this file was stored.',
  study: 'Open the study with the other images',
  /** Stands before the UID under which a study that was not stored would have been sent. */
  notHere: 'The gateway has no images of this study:',
  /** `count`: the total number; the sender knows its files by their order. */
  places: (places: readonly number[], count: number) =>
    `${count === 1 ? 'Position' : 'Positions'} among the sent files: ${places.join(', ')}${count > places.length ? ' and more' : ''}`,
  instance: 'SOP Instance UID:',
  /** `isAll`: instances of all accounts, for an administrator. */
  held: (count: number, isAll: boolean) => ({
    title: `Sent by a script or a modality: ${toDecide(count)}`,
    what: `They are at the gateway, but not in the PACS. ${UNTIL} ${atDecision(isAll)}`,
    go: isAll ? 'Open the list of the whole site' : 'Open your studies',
  }),
  transfers: (count: number) => ({
    title: `${counted(count, 'transfer from a modality needs', 'transfers from modalities need')} your decision`,
    what: 'The modality was told that these images were stored, and may have deleted them. They are not in the PACS, so they are missing from the study.',
    go: 'Open Modalities',
  }),
  missing: (count: number, why: string) => `${images(count)}: ${why}`,
  /** The pixels cannot be viewed here, because only the sender has the bytes. */
  look: (isForPixels: boolean) =>
    `Send the image in the app, where a person can check it${isForPixels ? ', cover the name and release it' : ' and release it as it is'}. ` +
    'Or, if this is allowed, send it again from its source with a policy that keeps names, such as “identified”. It then gets different UIDs, so leave it out here afterwards.',
  leaveOut: 'Leave out',
  of: (action: string, of: string) => `${action}: ${of}`,
  ask: (about: string) => ({
    title: 'Leave out these images?',
    about,
    what: 'Nobody will be asked about them again. Nothing is deleted: files at the sender and images that arrived from elsewhere are not changed. The audit trail records your decision.',
    yes: 'Leave out',
    no: 'Decide later',
  }),
  notReached: 'The gateway could not be reached, so your decision was not saved. Try again in a moment.',
} as const;
