/** The words of the empty upload page. The other words are loaded once files are chosen (chosen-words.ts). */
import { studies } from '../../../kit/counted.ts';

export const ingestWords = {
  policyInForce: (deidentify: boolean) =>
    deidentify ? 'Names are removed before sending' : 'Names are kept',
  drop: 'Drop a study anywhere on this page',
  /** For a touch screen, where nothing can be dropped. */
  chooseHere: 'Choose a study',
  dropNow: 'Drop to read the files',
  kinds: 'Files, a folder, a ZIP or a disc',
  chooseFiles: 'Choose files',
  chooseFolder: 'Choose a folder',
  addFiles: 'Files',
  addFolder: 'Folder',
  addLabel: 'Add more files',
  teach: [
    ['Check it here', 'The page reads the study on this device. Nothing is sent yet.'],
    ['Press Send', 'The study is stored safely on this device and sent as soon as there is a network.'],
    ['Get a receipt', 'The receipt is signed when the PACS has confirmed every image.'],
  ] as const,
  sample: 'Try it with a sample study',
  sampleWhat: '25 synthetic images, no real patient',
  sampleFailed: 'The sample study could not be loaded. Try again when the network is back.',
  found: (count: number) => `${studies(count)} found`,
  mayNot: 'You don’t have permission to send studies.',
  mayNotNext: (role: string) =>
    `You are signed in as ${role}. Ask your administrator, or sign in with another account. You can still check studies here.`,
  makingSafe: (count: number) => `${studies(count)} not saved yet`,
  goToSend: 'Go to Send',
  teachTitle: 'How sending works',
} as const;
