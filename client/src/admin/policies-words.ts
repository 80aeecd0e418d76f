/** The words of the page Policies. */
import type { OptionName } from '#shared/deid/profile.ts';
import { counted } from '../kit/counted.ts';

export type PolicyField =
  | 'name'
  | 'title'
  | 'description'
  | 'roles'
  | 'deidentify'
  | 'strict'
  | 'asksReason'
  | 'options'
  | 'attributes'
  | 'unknownAttributes'
  | 'documents'
  | 'waveformAnnotations'
  | 'undeclaredText'
  | 'patientDomain'
  | 'pseudonyms'
  | 'key'
  | 'vault';

/** Options that change pixels cannot be carried out yet, so no policy has them. */
export type PolicyOption = Exclude<OptionName, 'clean-pixel-data' | 'clean-recognizable-visual-features'>;

/** What each setting can be, its usual value first: that one is left out of a policy. */
export const SETTINGS = {
  unknownAttributes: { remove: 'Removed', keep: 'Kept' },
  documents: { quarantine: 'Held until a person decides', keep: 'Sent as they are' },
  waveformAnnotations: { quarantine: 'Held until a person decides', clean: 'Cleaned word by word' },
  undeclaredText: {
    hold: 'Held until a person decides',
    warn: 'Sent, with a notice to the sender',
    send: 'Sent without a notice',
  },
  patientDomain: { id: 'By the Patient ID', 'id-and-issuer': 'By the Patient ID and its issuer' },
  pseudonyms: {
    device: 'On devices, also offline',
    gateway: 'At the gateway only',
  },
} as const;

export const policiesWords = {
  intro:
    'A policy says what happens to names and other data about a patient before a study leaves a device. People choose one when they send.',
  add: 'Add a policy',
  list: 'Policies',
  back: 'All policies',
  columns: {
    name: 'Policy',
    what: 'What it does',
    roles: 'Who may use it',
    version: 'Version',
    state: 'State',
  },
  states: { builtIn: 'Built in', inForce: 'In force', withdrawn: 'Withdrawn' },
  removes: 'Removes names',
  removesBut: (options: number) => `Removes names, ${counted(options, 'option', 'options')}`,
  keeps: 'Keeps names',
  builtInWhat: 'This policy comes with RelayPACS and cannot be changed. Make a copy to change anything.',
  withdrawnWhat: 'Nothing is accepted under this policy. Editing it puts a new version in force.',
  notKnown: 'A newer gateway wrote this version. This page does not know all of its settings.',
  edit: 'Edit',
  copy: 'Copy',
  try: 'Try on a file',
  of: (action: string, title: string) => `${action}: ${title}`,
  withdraw: 'Withdraw',
  askWithdraw: (title: string) => ({
    title: 'Withdraw this policy?',
    about: title,
    what: 'Nobody can send under it any more. Studies that wait on devices under it stay there until somebody chooses another policy. Studies that have arrived are not affected.',
    yes: 'Withdraw',
    no: 'Keep it',
  }),
  versions: 'Versions',
  version: (version: number) => `Version ${version}`,
  made: (when: string, by: string) => `${when}, by ${by}`,
  someone: 'an account that is no longer listed',
  withdrawnAt: (when: string) => `withdrawn ${when}`,
  firstVersion: 'The first version.',
  sameAsBefore: 'Nothing was changed.',
  changed: (label: string, before: string, after: string) => `${label}: ${after} (before: ${before})`,
  yes: 'Yes',
  no: 'No',
  none: 'None',
  fields: {
    name: 'Name in records',
    title: 'Title',
    description: 'Description',
    roles: 'Who may use it',
    deidentify: 'Names',
    strict: 'Hold faulty images until a person decides',
    asksReason: 'Ask why names are kept',
    options: 'What is kept or cleaned',
    attributes: 'Rules for single elements',
    unknownAttributes: 'Elements that the standard does not know',
    documents: 'Documents (PDF and others)',
    waveformAnnotations: 'Notes beside waveforms',
    undeclaredText: 'Images that may have names in their pixels',
    patientDomain: 'How patients are told apart',
    pseudonyms: 'Where pseudonyms are made',
    key: 'Number of the pseudonym key',
    vault: 'Leave sealed identities in the vault',
  } satisfies Record<PolicyField, string>,
  deidentify: { removed: 'Removed on the device', kept: 'Kept: images are sent unchanged' },
  options: {
    'retain-patient-characteristics': 'Keep age, sex, height and weight',
    'retain-longitudinal-modified-dates': 'Move all dates of a patient by the same number of days',
    'retain-longitudinal-full-dates': 'Keep dates and times',
    'retain-institution-identity': 'Keep the institution',
    'retain-device-identity': 'Keep the device',
    'retain-uids': 'Keep UIDs',
    'retain-safe-private': 'Keep private elements that are known to be safe',
    'clean-descriptors': 'Clean descriptions and comments word by word',
    'clean-structured-content': 'Clean structured reports',
    'clean-graphics': 'Clean graphic annotations',
  } satisfies Record<PolicyOption, string>,
  form: {
    add: 'Add a policy',
    edit: (title: string) => `Edit ${title}`,
    from: 'Start from',
    hints: {
      name: 'Lower-case letters, digits and hyphens, for example: research-ct. It appears in receipts and cannot be changed later.',
      title: 'People choose the policy by its title.',
      attributes: 'One on each line: a tag, then keep, remove, empty or replace. For example: 0008,1030 keep',
      pseudonyms:
        'On devices: those of technicians and administrators have the key, all others ask the gateway. At the gateway only: nothing can be prepared offline.',
      key: 'With another number patients get other pseudonyms: nobody can link them to the earlier ones.',
      vault: 'Only if this site has a vault.',
    } satisfies Partial<Record<PolicyField, string>>,
    newVersion:
      'Saving makes a new version. Studies that wait on devices under an earlier version stay there until somebody chooses a policy for them again.',
    mistakes: {
      name: 'Enter a name of lower-case letters, digits and single hyphens that no built-in policy has.',
      title: 'Enter a title of one line, at most 80 characters.',
      description: 'Enter one line of at most 500 characters, or nothing.',
      roles: 'Choose at least one role.',
      deidentify: 'Choose what happens to names.',
      strict: 'Not possible for this policy.',
      asksReason: 'Not possible for this policy.',
      options: 'Choose from the list.',
      attributes: 'One of these elements is not for a policy to decide.',
      unknownAttributes: 'Choose from the list.',
      documents: 'Choose from the list.',
      waveformAnnotations: 'Choose from the list.',
      undeclaredText: 'Choose from the list.',
      patientDomain: 'Choose from the list.',
      pseudonyms: 'Choose from the list.',
      key: 'Enter a whole number from 1 to 1 000 000.',
      vault: 'Not possible for this policy.',
    } satisfies Record<PolicyField, string>,
    researcherKept:
      'Researchers may not see identities, so they cannot send them. Take them out, or have names removed.',
    wrongLine: (line: string) => `This line is not a tag and an action, or names a tag twice: “${line}”`,
  },
  preview: {
    title: 'Try it on a file',
    what: 'The file stays in this browser. Pseudonyms are made with a key for this trial, so they differ from the real ones.',
    file: 'DICOM file',
    notYet: 'Correct the settings above to see what they do.',
    reading: 'Reading the file…',
    failed: 'This policy could not be tried on the file.',
    failedNext:
      'One of its settings may not be possible. Save it: the gateway then says which one. Otherwise, choose the file again.',
    unchanged: 'The file would be sent as it is.',
  },
} as const;
