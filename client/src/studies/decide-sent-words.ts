/** The words for decisions about a study that is not on this device. */

export const decideSentWords = {
  noDevice:
    'This study was sent by a script, a modality or the command line. For images that the gateway still has, decide here. For the others, decide under “To decide”.',
  lost: 'The sending device is lost, or no longer has the study',
  lostMeans:
    'Decide here only in that case. The device may just be offline. When it is online again, it also deletes the images that you leave out here.',
  noneHere: 'You can’t decide here, because the images are only on the sending device.',
  needs: 'Open “To decide”',
  means: 'Until you decide, these images are missing from the study.',
  /** The gateway no longer has the bytes of these. */
  sendAgain: 'If they are needed in the PACS, correct them and send them again from their source.',
  /**
   * `destination`: the further destination that did not take them; null: not even the first one has them. `ofDevice`: a
   * device sent them, which erases its copy once it learns of the decision.
   */
  confirmWhat: (count: number, destination: string | null, ofDevice: boolean) =>
    (destination === null
      ? `${count === 1 ? 'It' : 'They'} will not be in the PACS. Sending ${count === 1 ? 'it' : 'them'} again unchanged does not help. `
      : `The first PACS keeps ${count === 1 ? 'it' : 'them'}. ${count === 1 ? 'It' : 'They'} will not be in ${destination}. `) +
    (ofDevice
      ? `If the sending device comes back, it deletes its copy. Then only the disc or the modality still has ${count === 1 ? 'it' : 'them'}. `
      : 'Files at the sender are not changed. ') +
    'The receipt records that a person decided this.',
  /** Shown to people who may not decide. */
  othersDecide: 'Only the sender’s account or an administrator can decide.',
  failed: 'The decisions could not be loaded from the gateway. Try again in a moment.',
  again: 'Try again',
} as const;
