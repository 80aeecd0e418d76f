/** The words of the sheet of viewers. */
export const viewersWords = {
  button: 'Viewers',
  title: (name: string) => `Viewers of ${name}`,
  what: 'Everybody who may see a study gets Open in viewer. Write {StudyInstanceUID} where the address names the study.',
  /** The viewers are those of the destination to which a study was first promised. */
  ofPrimary: 'A study opens in the viewers of the destination that was primary when it was sent.',
  ofOther: (name: string) =>
    `${name} is not primary: studies that go there besides do not open in these viewers.`,
  none: 'No viewers yet.',
  nth: (nth: number) => `Viewer ${nth}`,
  name: 'Name',
  address: 'Address',
  example: 'https://pacs.example.org/ohif/viewer?StudyInstanceUIDs={StudyInstanceUID}',
  add: 'Add a viewer',
  remove: (nth: number) => `Remove viewer ${nth}`,
  removeShort: 'Remove',
  mistake: (nth: number) => `Viewer ${nth} needs a name, and an address with {StudyInstanceUID} in it.`,
  mistakeNext:
    'The address begins with https, http, weasis, radiant, osirix or horos, and has no password in it. ' +
    'For Weasis: weasis://$dicom:rs --url "https://pacs.example.org/dicom-web" -r "studyUID={StudyInstanceUID}"',
};
