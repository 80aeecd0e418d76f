/** The words for decisions about a study that is not on this device. */

export const decideSentWords = {
  noDevice:
    'A script, a modality or the command line sent this. You decide here about images that the gateway has, and under “To decide” about those that it did not keep.',
  lost: 'That device is lost, or no longer has the study',
  lostMeans:
    'Decide here only then: what you leave out is deleted on that device too, should it come back. It may only be offline.',
  noneHere: 'You can decide nothing here: the images to decide are on that device alone.',
  needs: 'Open “To decide”',
  means: 'Until you decide, readers of the study do not see these images.',
  /** The gateway no longer has the bytes of these. */
  sendAgain: 'If they are needed in the PACS, correct them and send them again from where they were sent.',
  /**
   * `destination`: the further destination that did not take them; null: not even the first one has them. `ofDevice`: a
   * device sent them, which erases its copy once it learns of the decision.
   */
  confirmWhat: (count: number, destination: string | null, ofDevice: boolean) =>
    (destination === null
      ? `${count === 1 ? 'It' : 'They'} will not be in the PACS, and sending ${count === 1 ? 'it' : 'them'} unchanged again does not help. `
      : `The first PACS keeps ${count === 1 ? 'it' : 'them'}. ${count === 1 ? 'It' : 'They'} will not be in ${destination}. `) +
    (ofDevice
      ? `If that device comes back, it deletes its copy: then only the disc or the modality still has ${count === 1 ? 'it' : 'them'}. `
      : 'Files at the sender stay as they are. ') +
    'The receipt records that a person decided this.',
  /** Shown to people who may not decide. */
  othersDecide: 'The account that sent it or an administrator decides.',
  failed: 'The gateway does not say what is to decide. Try again in a moment.',
  again: 'Try again',
} as const;
