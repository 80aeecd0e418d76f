/** The words of the page of destinations. Each finding says what is wrong and what to change. */
import { describePacsReason } from '#shared/protocol/pacs-reasons.ts';
import type {
  CommittingKind,
  Destination,
  DestinationKind,
  Tuning,
  WantedProof,
} from '#shared/protocol/destination.ts';
import type { Need } from '#shared/protocol/forms.ts';
import { trimEnd } from '#shared/trim-end.ts';
import { counted, instances } from '../kit/counted.ts';
import { formatBytes, formatFullMoment } from '../kit/format.ts';
import type { WhyKept } from './why-kept.ts';

export type AuthenticationKind = 'none' | 'basic' | 'bearer' | 'oauth';
export type DimseConnection = 'plain' | 'tls';

type Waits = {
  readonly studies: number;
  readonly instances: number;
  readonly bytes: number;
  readonly since: string | null;
};

export const waitsOf = ({
  waiting: studies,
  waitingInstances,
  waitingBytes: bytes,
  waitingSince: since,
}: Destination): Waits => ({ studies, instances: waitingInstances, bytes, since });

const PROOF_NAMES: Readonly<Record<WantedProof, string>> = {
  found: 'the PACS lists it',
  digest: 'the digest that the PACS made',
  'read-back': 'each instance is read back',
  'read-back-sample': 'one instance in twenty is read back',
};

function busyWords(pacsCode: number, at: string) {
  const { code, says, remedy } = describePacsReason(pacsCode);
  return {
    title: `It stores nothing: code ${code}, since ${formatFullMoment(new Date(at))}.`,
    next: `${says} ${remedy} Its studies wait at the gateway and are sent again automatically.`,
  };
}

function waitingWords({ studies, instances: count, bytes, since }: Waits): string {
  const waits = counted(studies, 'study waits', 'studies wait');
  const at = since === null ? '' : ` since ${formatFullMoment(new Date(since))}`;
  return `${waits} for it with ${instances(count)} (${formatBytes(bytes)})${at}`;
}

/** The first names, and the number of further ones. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => `“${name}”`);
  const more = names.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

const HOW_TO_RAISE = 'in nginx set client_max_body_size 0; and reload it, in dcm4chee raise max-post-size.';
/** After several attempts a person has to decide about these. */
const THEN_AGAIN = 'Where some are listed below as not taken there, press Try all again.';
const whatFits = (bytes: number): string =>
  `Instances up to ${formatBytes(bytes)} get there; larger ones stay at the gateway until the limit is raised`;

export const destinationWords = {
  intro:
    'The PACSs to which studies go. New studies go to the primary one, and to others that you choose; a study under way stays with its own.',
  add: 'Add a destination',
  primary: 'Primary',
  primaryMeans: 'New studies go here, and viewers and models use it.',
  fromEnvironment:
    'Set at every start: by PACS_URL, or by npm start, which brings this PACS where PACS_URL is not set. To use another one, set PACS_URL and restart.',
  underWay: (studies: number) => `${counted(studies, 'study', 'studies')} under way`,
  waiting: waitingWords,
  held: (studies: number) => `${counted(studies, 'study needs', 'studies need')} a person’s decision`,
  heldWhere:
    'Under Studies, “Whole site” lists them with the reason. The sender decides, or an administrator.',
  heldOpen: 'Open Studies',
  refused: ({ status, code, bytes, at }: NonNullable<Destination['refused']>) =>
    bytes === null
      ? code !== null
        ? busyWords(code, at)
        : {
            title: `It refuses what is stored there: status ${status}, since ${formatFullMoment(new Date(at))}.`,
            next: 'Its studies wait at the gateway and are sent again automatically. Press Test with test instances, and look for the reason in the log of the PACS or its proxy.',
          }
      : {
          title: `The PACS, or a proxy before it, refuses requests of ${formatBytes(bytes)} (status ${status}, ${formatFullMoment(new Date(at))}).`,
          next: `The gateway sends smaller requests. Larger instances stay at the gateway until the limit is raised: ${HOW_TO_RAISE} ${THEN_AGAIN}`,
        },
  limit: ({ bytes, at }: NonNullable<Destination['limit']>) => ({
    title: `Found by Test on ${formatFullMoment(new Date(at))}: the PACS, or a proxy before it, takes at most ${formatBytes(bytes)} per request.`,
    next: `${whatFits(bytes)}: ${HOW_TO_RAISE} Then press Test again. ${THEN_AGAIN}`,
  }),
  unlisted: ({ instances: count, at }: NonNullable<Destination['unlisted']>) => ({
    title: `It confirmed ${instances(count)} and does not list ${count === 1 ? 'it' : 'them'}${
      at === null ? '' : `, last sent ${formatFullMoment(new Date(at))}`
    }.`,
    next: 'The gateway sends them again, three times in all; then a person has to decide. Press Test with test instances, and look in the PACS for what discards them: a rule, a quota or a full disk.',
  }),
  idle: 'No studies under way',
  test: 'Test',
  reaching: 'Looking whether it answers…',
  testing: 'Testing. This takes up to a minute…',
  testStoring: 'Test with test instances',
  askStoring: (name: string) => ({
    title: `Store two test instances in ${name}?`,
    about: '',
    what: 'They are synthetic and are removed where the PACS allows it. Otherwise delete them there: they are of the patient RELAYPACS^TEST, Patient ID RELAYPACS-DOCTOR.',
    yes: 'Store and test',
    no: 'Cancel',
  }),
  examined: (name: string) => `What the gateway found at ${name}`,
  results: { ok: 'Right', warn: 'Check', fail: 'Wrong', skipped: 'Not looked at' },
  well: 'It answers, and gives what it holds.',
  wellBut: 'It answers. Check this:',
  /** The note on a short check of a PACS that speaks HTTP. */
  quick: 'A short look: it does not try how large a request may be. Press Test for that.',
  primaryFails: (waits: Waits) =>
    `It is the primary destination: new studies go here all the same, and wait at the gateway. ${
      waits.studies === 0 ? 'None waits yet.' : `${waitingWords(waits)}.`
    }`,
  primaryFailsNext:
    'Change what is named above, then press Test: once it works, everything that waits is sent. Or make another destination primary for new studies.',
  limited: (bytes: number) => `${whatFits(bytes)}.`,
  answersAlone: 'It answers, but what it does with studies is wrong: see above.',
  allChecks: (count: number, isShort: boolean) => {
    if (isShort) return `The ${counted(count, 'check', 'checks')} of a short look`;
    return count === 1 ? 'The one check' : `All ${count} checks`;
  },
  settings: 'These settings fit this destination:',
  usualSettings: 'The settings of the gateway fit this destination.',
  saveSettings: 'Save these settings',
  forgetSettings: 'Use the settings of the gateway',
  /** One line for each setting that is set. */
  tuned: ({ lagMinutes, proof, batchBytes }: Tuning): readonly string[] => [
    ...(lagMinutes === null
      ? []
      : [`Nothing is called lost for ${counted(lagMinutes, 'minute', 'minutes')} (RELAY_PACS_LAG_MINUTES)`]),
    ...(proof === null ? [] : [`Proof: ${PROOF_NAMES[proof]} (RELAY_PACS_PROOF=${proof})`]),
    ...(batchBytes === null ? [] : [`Requests of up to ${formatBytes(batchBytes)}`]),
  ],
  sendSample: 'Send a sample study',
  sampleMeans:
    '25 synthetic images, no real patient. An example model looks at the chest film, and adds three instances: a report (SR), a segmentation (SEG) and a heat map (Secondary Capture).',
  sampleTooLarge: (bytes: number) =>
    `The sample study does not fit: some of its images are larger than the ${formatBytes(bytes)} that are taken.`,
  nothingGoes: 'It works, but no studies go here yet.',
  /** Said where a rule sends studies there. */
  noneYet: 'It works, but no study has come here yet.',
  nothingGoesNext: 'Send new studies here as well, or make it primary.',
  sendHereToo: 'Send new studies here too, and a sample study now',
  sampleMissing: {
    title: 'The sample study could not be loaded.',
    next: 'Try again once the network is back.',
    code: null,
    kind: 'stop',
  },
  change: 'Change',
  of: (action: string, name: string) => `${action} ${name}`,
  need: 'New studies',
  needs: {
    none: 'Do not go there',
    also: 'Also go there; nobody waits for it',
    required: 'Must arrive there too before they count as in the PACS',
  } satisfies Record<Need | 'none', string>,
  rulesFirst: ({ senders, others }: { readonly [part in 'senders' | 'others']: readonly string[] }) => {
    const said = [
      ...(senders.length > 0
        ? [`${listed(senders)} ${senders.length === 1 ? 'sends what it takes' : 'send what they take'} here`]
        : []),
      ...(others.length > 0
        ? [`${listed(others)} ${others.length === 1 ? 'takes' : 'take'} some studies`]
        : []),
    ];
    return `Rules decide first: ${said.join('; ')}.`;
  },
  toRules: 'See the rules',
  makePrimary: 'Make primary',
  askPrimary: (name: string) => ({
    title: `Send new studies to ${name}?`,
    about: '',
    what: 'Studies that are under way stay with their present destination, which must keep running until they are done.',
    yes: 'Make primary',
    no: 'Cancel',
  }),
  askFailing: (name: string) => ({
    title: `${name} fails its test. Send new studies there anyway?`,
    about: '',
    what: 'They wait at the gateway until the test passes. Fix what the test found first.',
    yes: 'Send there anyway',
    no: 'Cancel',
  }),
  askLimited: (name: string, bytes: number) => ({
    title: `${name} takes at most ${formatBytes(bytes)} per request. Send new studies there?`,
    about: '',
    what: `${whatFits(bytes)}.`,
    yes: 'Send there',
    no: 'Cancel',
  }),
  giveUp: 'Give up',
  giveUpRequired: 'Give up required studies',
  askGiveUp: (name: string, studies: number) => ({
    title: `Give up sending ${counted(studies, 'study', 'studies')} to ${name}?`,
    about: '',
    what: 'They will not arrive there, and new studies go there only if a rule sends them. The other destinations keep what they have; the copies that wait on the gateway are deleted.',
    yes: 'Give up',
    no: 'Keep',
  }),
  askGiveUpRequired: (name: string, studies: number) => ({
    title: `Give up ${counted(studies, 'study', 'studies')} that must arrive in ${name}?`,
    about: '',
    what: 'They then count as in the PACS without it, and devices delete their copies. Receipts say that this destination was given up. New studies go there only if a rule sends them.',
    yes: 'Give up',
    no: 'Keep',
  }),
  remove: 'Delete',
  askRemove: (name: string) => ({
    title: `Delete ${name}?`,
    about: '',
    what: 'Its address and its password are deleted. No study was ever sent to it.',
    yes: 'Delete',
    no: 'Keep',
  }),
  kept: {
    environment: 'It cannot be deleted here: PACS_URL or npm start sets it at every start.',
    primary: 'It cannot be deleted while it is primary. Make another destination primary first.',
    studies:
      'It cannot be deleted: studies went or go to it, and their receipts name it. To send nothing more there, choose Do not go there, and name it in no rule.',
  } satisfies Record<WhyKept, string>,
  took: (milliseconds: number) => `answered in ${milliseconds} ms`,
  passwordAgain: {
    of: (name: string) => `Password of ${name}`,
    password: (username: string) => `Another password of ${username}`,
    save: 'Save and test',
    saving: 'Saving…',
  },
  authorityAgain: {
    file: (name: string) => `Certificate file of the authority of ${name} (saves and tests)`,
    noCertificate: {
      title: 'There is no certificate in this file.',
      next: 'Choose the certificate of the authority itself, as a PEM or DER file.',
      code: null,
      kind: 'stop',
    },
    unreadable: {
      title: 'This file could not be read.',
      next: 'Check that it is still there, and choose it again.',
      code: null,
      kind: 'stop',
    },
    secretToo: {
      title: 'The password, token or secret is needed again.',
      next: 'With another authority another server could answer. Press Change, and enter both there.',
      code: null,
      kind: 'stop',
    },
  },
  form: {
    add: 'Add a destination',
    change: (name: string) => `Change ${name}`,
    name: 'Name',
    nameWhat: 'Lower-case letters, digits and hyphens, for example main-archive.',
    nameOfNew: 'Lower-case letters, digits and hyphens. Leave it empty to take it from the address.',
    nameAgain: 'Enter another name.',
    nameFree: (name: string) => `Enter another name, for example ${name}.`,
    nobody: 'Leave both empty if the PACS asks nobody to sign in.',
    primary: 'Send new studies here',
    primaryWhat:
      'It becomes the primary destination, which also serves viewers and models. Studies under way stay with theirs.',
    primaryProposed: (name: string) => `Ticked because ${name} fails its test, and no study was sent yet.`,
    primaryTaken: (name: string) => `New studies no longer go to ${name} first.`,
    /** `need`: that of the previous primary destination. */
    primaryTakenMeans: (need: Need | null) =>
      need === null
        ? 'It then gets new studies only if you choose that under “New studies” there, or a rule sends them.'
        : 'It then gets new studies as set under “New studies” there, unless a rule decides otherwise.',
    twin: (name: string) => `This is the address of ${name}.`,
    twinMeans:
      'As two destinations, the same PACS could get studies twice. Press Cancel if you meant that one.',
    first: 'It becomes the primary destination, because there is no other yet.',
    kind: 'Kind',
    kindNames: {
      dicomweb: 'DICOMweb',
      orthanc: 'Orthanc, with its REST API',
      dimse: 'DIMSE (C-STORE, C-FIND, C-GET)',
      folder: 'Folder',
    } satisfies Record<DestinationKind, string>,
    addresses: {
      dicomweb: {
        label: 'Address',
        what: 'The DICOMweb root, for example https://pacs.example.org/dicom-web.',
        mistake: 'Enter an address that begins with http:// or https://, without a password in it.',
      },
      orthanc: {
        label: 'Address',
        what: 'Ends in /dicom-web, for example https://orthanc.example.org/dicom-web.',
        mistake: 'Enter an address that begins with http:// or https:// and ends in /dicom-web.',
      },
      folder: {
        label: 'Folder',
        mistake: 'Enter a path of letters, digits, dots, hyphens and underscores, for example archive/night.',
      },
    } satisfies Record<
      Exclude<DestinationKind, 'dimse'>,
      { readonly label: string; readonly mistake: string; readonly what?: string }
    >,
    host: 'Host',
    port: 'Port',
    portWhat: 'Often 104 or 11112.',
    calledAE: 'AE title of the PACS',
    callingAE: 'AE title of the gateway',
    callingAEWhat: 'The PACS must know it, and let it store, query and retrieve.',
    connection: 'Connection',
    commitment: 'Ask for storage commitment',
    commitmentWhat: {
      dimse:
        'Instances count as in the PACS once it has also said that it keeps them. It must report in the same association, unless the gateway listens for DIMSE (RELAY_DIMSE_PORT).',
      dicomweb:
        'Instances count as in the PACS once it has also said that it keeps them. Few PACSs offer this over DICOMweb: press Test once it is saved.',
    } satisfies Record<CommittingKind, string>,
    connections: { plain: 'Without TLS', tls: 'With TLS' } satisfies Record<DimseConnection, string>,
    inTheClear: 'Without TLS, images and passwords can be read by anybody on the way.',
    authentication: 'Sign in with',
    signIns: {
      none: 'Nothing',
      basic: 'User name and password',
      bearer: 'A token that does not change',
      oauth: 'OAuth 2 (client credentials)',
    } satisfies Record<AuthenticationKind, string>,
    username: 'User name',
    password: 'Password',
    token: 'Token',
    tokenUrl: 'Token address',
    clientId: 'Client ID',
    clientSecret: 'Client secret',
    scope: 'Scope, if it needs one',
    kept: 'Leave empty to keep the saved one.',
    keptHere:
      'Leave empty to keep the saved one. Type it again if you change the address, the user name or the certificate authority: another server could answer then, and it must not get the saved one.',
    secretAgain:
      'The address, the user name or the certificate authority is another one. Another server could answer then, and it must not get the saved one.',
    caWhat:
      'With another authority, enter the password, token or secret above again, unless you typed it since you opened this page.',
    certificates: 'Certificates',
    ca: 'Certificate of a private authority (PEM)',
    certificate: 'Certificate of the gateway (PEM), if the PACS asks for one',
    key: 'Its private key (PEM, without a password)',
    mistakes: {
      name: 'Enter a name of lower-case letters, digits and hyphens.',
      host: 'Enter the name or the IP address of the PACS.',
      port: 'Enter a port from 1 to 65535.',
      calledAE: 'Enter an AE title of at most 16 characters.',
      callingAE: 'Enter an AE title of at most 16 characters.',
      username: 'Enter a user name without a colon.',
      password: 'Enter the password.',
      token: 'Enter the token, without spaces.',
      tokenUrl: 'Enter the address of the token endpoint, beginning with http:// or https://.',
      clientId: 'Enter the client ID.',
      clientSecret: 'Enter the client secret.',
      scope: 'The scope is too long.',
      ca: 'Paste the whole certificate, from -----BEGIN to the end of the last line, without a key.',
      certificate:
        'Paste the whole certificate, from -----BEGIN to the end of the last line, without its key.',
      key: 'Paste the whole key, from -----BEGIN to the end of the last line.',
    },
  },
} as const;

/**
 * The words of the address field. `folderRoot`: the folder in which destination folders may lie; null: folders are not
 * allowed.
 */
export function addressWords(kind: keyof Form['addresses'], folderRoot: string | null) {
  const { addresses } = destinationWords.form;
  if (kind !== 'folder') return addresses[kind];
  const what =
    folderRoot === null
      ? 'Folders cannot be destinations here until the person who runs the gateway sets RELAY_FOLDER_ROOT and restarts it.'
      : `The part of its path after ${withSlash(folderRoot)} (RELAY_FOLDER_ROOT), for example archive/night. It must exist.`;
  return { ...addresses.folder, what };
}

export const withSlash = (folder: string): string => `${trimEnd(folder, '/')}/`;

/** The mistake for a path that is not below the root of folders. */
export const folderMistake = (folderRoot: string | null): string =>
  folderRoot === null
    ? destinationWords.form.addresses.folder.mistake
    : `Enter the part of its path after ${withSlash(folderRoot)}, for example archive/night. Letters, digits, dots, hyphens and underscores are allowed.`;

/** A question that includes what the test found. */
export type Warning = ReturnType<(typeof destinationWords)['askFailing' | 'askLimited']>;

type Form = (typeof destinationWords)['form'];
export type FieldName = 'url' | keyof (typeof destinationWords)['form']['mistakes'];
