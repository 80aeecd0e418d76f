/** The words of the studies that were marked for early reading and have no case. */
export const markedStudiesWords = {
  title: 'Marked for early reading, and no case yet',
  what: 'The automatic check on the device marked them in the last 30 days: above the threshold for pneumonia. Not for diagnosis. Open a case to see whose study it is and to have it read.',
  study: (modalities: string) => `${modalities} study`.trim(),
  sent: (when: string) => `sent ${when}`,
  more: 'There are more. They come up as cases are opened.',
};
