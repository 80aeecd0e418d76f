/** The words of the sheet of viewers. */
export const viewersWords = {
  button: 'Viewers',
  title: (name: string) => `Viewers of ${name}`,
  what: 'Everyone who may see a study can open it in these viewers. Write {StudyInstanceUID} in the address where the study’s UID belongs.',
  /** The viewers are those of the destination to which a study was first promised. */
  ofPrimary: 'A study opens in the viewers of the destination that was primary when the study was sent.',
  ofOther: (name: string) =>
    `${name} is not primary. Studies that are only copied there do not open in these viewers.`,
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
    'The address must start with https, http, weasis, radiant, osirix or horos, and must not contain a password. ' +
    'For Weasis: weasis://$dicom:rs --url "https://pacs.example.org/dicom-web" -r "studyUID={StudyInstanceUID}"',
};
