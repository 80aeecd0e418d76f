/** The words of the sheet of a worklist. */
export const worklistWords = {
  button: 'Worklist',
  title: (name: string) => `Worklist of ${name}`,
  what: 'People who send with names pick the order of a study from it. Leave the address empty where there is none.',
  address: 'Address of the modality worklist (DIMSE)',
  example: 'dimse://RELAYPACS@ris.example.org:104/WORKLIST',
  save: 'Save',
  saving: 'Saving…',
  mistake: 'This is not an address of a worklist.',
  mistakeNext:
    'Write dimse:// or dimse-tls://, the gateway’s AE title, @, the host, its port, and the AE title of the worklist, as in the example.',
};
