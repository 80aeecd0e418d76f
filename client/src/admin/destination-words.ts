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
  digest: 'the digest from the PACS',
  'read-back': 'every instance is read back',
  'read-back-sample': 'one instance in twenty is read back',
};

function busyWords(pacsCode: number, at: string) {
  const { code, says, remedy } = describePacsReason(pacsCode);
  return {
    title: `It has not stored anything since ${formatFullMoment(new Date(at))} (code ${code}).`,
    next: `${says} ${remedy} The studies wait at the gateway and are sent again automatically.`,
  };
}

function waitingWords({ studies, instances: count, bytes, since }: Waits): string {
  const waits = counted(studies, 'study is waiting', 'studies are waiting');
  const at = since === null ? '' : ` since ${formatFullMoment(new Date(since))}`;
  return `${waits} to be sent there, ${instances(count)} (${formatBytes(bytes)})${at}`;
}

/** The first names, and the number of further ones. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => `“${name}”`);
  const more = names.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

const HOW_TO_RAISE = 'in nginx, set client_max_body_size 0; and reload it; in dcm4chee, raise max-post-size.';
/** After several attempts a person has to decide about these. */
const THEN_AGAIN = 'If instances are listed below as not accepted, press “Try all again”.';
const whatFits = (bytes: number): string =>
  `Instances up to ${formatBytes(bytes)} can be sent. Larger ones stay at the gateway until the limit is raised`;

export const destinationWords = {
  intro:
    'The PACSs to which studies are sent. New studies go to the primary destination and to others that you choose. Studies that are being sent keep their destinations.',
  add: 'Add a destination',
  primary: 'Primary',
  primaryMeans: 'New studies are sent here. Viewers and models use this destination.',
  fromEnvironment:
    'This destination is set at every start by PACS_URL. If PACS_URL is not set, npm start provides this PACS. To use another one, set PACS_URL and restart.',
  underWay: (studies: number) => `${counted(studies, 'study', 'studies')} being sent`,
  waiting: waitingWords,
  held: (studies: number) => `${counted(studies, 'study needs', 'studies need')} a decision`,
  heldWhere:
    'To see the reasons, open Studies and choose “Whole site”. The sender or an administrator can decide.',
  heldOpen: 'Open Studies',
  refused: ({ status, code, bytes, at }: NonNullable<Destination['refused']>) =>
    bytes === null
      ? code !== null
        ? busyWords(code, at)
        : {
            title: `It has refused store requests since ${formatFullMoment(new Date(at))} (status ${status}).`,
            next: 'The studies wait at the gateway and are sent again automatically. Press “Test with test instances”, and look for the reason in the log of the PACS or its proxy.',
          }
      : {
          title: `The PACS or its proxy refuses requests of ${formatBytes(bytes)} (status ${status}, ${formatFullMoment(new Date(at))}).`,
          next: `The gateway sends smaller requests. Larger instances stay at the gateway until the limit is raised: ${HOW_TO_RAISE} ${THEN_AGAIN}`,
        },
  limit: ({ bytes, at }: NonNullable<Destination['limit']>) => ({
    title: `Found by Test on ${formatFullMoment(new Date(at))}: the PACS or its proxy accepts at most ${formatBytes(bytes)} per request.`,
    next: `${whatFits(bytes)}. To raise it: ${HOW_TO_RAISE} Then press Test again. ${THEN_AGAIN}`,
  }),
  unlisted: ({ instances: count, at }: NonNullable<Destination['unlisted']>) => ({
    title: `It confirmed ${instances(count)}, but does not list ${count === 1 ? 'it' : 'them'}${
      at === null ? '' : `, last sent ${formatFullMoment(new Date(at))}`
    }.`,
    next: 'The gateway tries three times in total. After that, a person must decide. Press “Test with test instances”. In the PACS, check whether a rule, a quota or a full disk discards images.',
  }),
  idle: 'No studies being sent',
  test: 'Test',
  reaching: 'Checking the connection…',
  testing: 'Testing. This takes up to a minute…',
  testStoring: 'Test with test instances',
  askStoring: (name: string) => ({
    title: `Store two test instances in ${name}?`,
    about: '',
    what: 'They are synthetic and are removed again if the PACS allows it. Otherwise, delete them in the PACS: patient RELAYPACS^TEST, Patient ID RELAYPACS-DOCTOR.',
    yes: 'Store and test',
    no: 'Cancel',
  }),
  examined: (name: string) => `Test result for ${name}`,
  results: { ok: 'OK', warn: 'Warning', fail: 'Error', skipped: 'Not tested' },
  well: 'The destination responds and returns stored images.',
  wellBut: 'The destination responds. Check this:',
  /** The note on a quick check of a PACS that speaks HTTP. */
  quick: 'Quick check. It does not test how large a request can be. Press Test for that.',
  primaryFails: (waits: Waits) =>
    `This is the primary destination. New studies are still sent here and wait at the gateway. ${
      waits.studies === 0 ? 'No studies are waiting yet.' : `${waitingWords(waits)}.`
    }`,
  primaryFailsNext:
    'Fix the problem above, then press Test. When it works, all waiting studies are sent. Or make another destination primary for new studies.',
  limited: (bytes: number) => `${whatFits(bytes)}.`,
  answersAlone: 'The destination responds, but does not handle studies correctly. See above.',
  allChecks: (count: number, isShort: boolean) => {
    if (isShort) return `Quick check: ${counted(count, 'check', 'checks')}`;
    return count === 1 ? '1 check' : `All ${count} checks`;
  },
  settings: 'Recommended settings for this destination:',
  usualSettings: 'The gateway’s default settings work for this destination.',
  saveSettings: 'Save these settings',
  forgetSettings: 'Use the gateway’s default settings',
  /** One line for each setting that is set. */
  tuned: ({ lagMinutes, proof, batchBytes }: Tuning): readonly string[] => [
    ...(lagMinutes === null
      ? []
      : [
          `Wait ${counted(lagMinutes, 'minute', 'minutes')} before an instance counts as lost (RELAY_PACS_LAG_MINUTES)`,
        ]),
    ...(proof === null ? [] : [`Proof: ${PROOF_NAMES[proof]} (RELAY_PACS_PROOF=${proof})`]),
    ...(batchBytes === null ? [] : [`Requests of up to ${formatBytes(batchBytes)}`]),
  ],
  sendSample: 'Send a sample study',
  sampleMeans:
    '25 synthetic images, no real patient. An example model examines the chest film and adds three instances: a report (SR), a segmentation (SEG) and a heat map (Secondary Capture).',
  sampleTooLarge: (bytes: number) =>
    `The sample study cannot be sent: some of its images are larger than the limit of ${formatBytes(bytes)}.`,
  nothingGoes: 'The destination works, but no studies are sent here yet.',
  /** Said where a rule sends studies there. */
  noneYet: 'The destination works, but no study has been sent here yet.',
  nothingGoesNext: 'Send new studies here as well, or make it primary.',
  sendHereToo: 'Send new studies here too, and a sample study now',
  sampleMissing: {
    title: 'The sample study could not be loaded.',
    next: 'Try again when the network is back.',
    code: null,
    kind: 'stop',
  },
  change: 'Edit',
  of: (action: string, name: string) => `${action} ${name}`,
  need: 'New studies',
  needs: {
    none: 'Not sent there',
    also: 'Also sent there, but not required',
    required: 'Required: a study counts as in the PACS only after it arrives there too',
  } satisfies Record<Need | 'none', string>,
  rulesFirst: ({ senders, others }: { readonly [part in 'senders' | 'others']: readonly string[] }) => {
    const said = [
      ...(senders.length > 0
        ? [
            `${listed(senders)} ${senders.length === 1 ? 'sends matching studies' : 'send matching studies'} here`,
          ]
        : []),
      ...(others.length > 0
        ? [`${listed(others)} ${others.length === 1 ? 'applies' : 'apply'} to some studies`]
        : []),
    ];
    return `Rules are checked first: ${said.join('; ')}.`;
  },
  toRules: 'See the rules',
  makePrimary: 'Make primary',
  askPrimary: (name: string) => ({
    title: `Send new studies to ${name}?`,
    about: '',
    what: 'Studies that are being sent keep their current destination. It must stay available until they are done.',
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
    title: `${name} accepts at most ${formatBytes(bytes)} per request. Send new studies there?`,
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
    what: 'These studies will not be sent there. New studies are sent there only by a rule. Other destinations keep their copies. The copies waiting at the gateway are deleted.',
    yes: 'Give up',
    no: 'Keep',
  }),
  askGiveUpRequired: (name: string, studies: number) => ({
    title: `Give up ${counted(studies, 'study', 'studies')} required in ${name}?`,
    about: '',
    what: 'These studies then count as in the PACS without this destination, and devices delete their copies. Receipts state that the destination was given up. New studies go there only by a rule.',
    yes: 'Give up',
    no: 'Keep',
  }),
  remove: 'Delete',
  askRemove: (name: string) => ({
    title: `Delete ${name}?`,
    about: '',
    what: 'Its address and password are deleted. No study was ever sent to it.',
    yes: 'Delete',
    no: 'Keep',
  }),
  kept: {
    environment:
      'This destination cannot be deleted here, because PACS_URL or npm start sets it at every start.',
    primary:
      'This destination cannot be deleted while it is primary. Make another destination primary first.',
    studies:
      'This destination cannot be deleted, because studies were or are being sent there. To stop sending studies there, choose “Not sent there” and remove the destination from all rules.',
  } satisfies Record<WhyKept, string>,
  took: (milliseconds: number) => `responded in ${milliseconds} ms`,
  passwordAgain: {
    of: (name: string) => `Password of ${name}`,
    password: (username: string) => `Correct password of ${username}`,
    save: 'Save and test',
    saving: 'Saving…',
  },
  authorityAgain: {
    file: (name: string) => `Certificate file of the certificate authority for ${name} (saves and tests)`,
    noCertificate: {
      title: 'This file contains no certificate.',
      next: 'Choose the certificate of the certificate authority, as a PEM or DER file.',
      code: null,
      kind: 'stop',
    },
    unreadable: {
      title: 'This file could not be read.',
      next: 'Check that the file still exists, then choose it again.',
      code: null,
      kind: 'stop',
    },
    secretToo: {
      title: 'Enter the password, token or secret again.',
      next: 'With a different certificate authority, a different server could respond. Press “Edit”, then enter both the certificate authority and the password, token or secret.',
      code: null,
      kind: 'stop',
    },
  },
  form: {
    add: 'Add a destination',
    change: (name: string) => `Edit ${name}`,
    name: 'Name',
    nameWhat: 'Lower-case letters, digits and hyphens, for example main-archive.',
    nameOfNew:
      'Lower-case letters, digits and hyphens. If you leave it empty, the name is taken from the address.',
    nameAgain: 'This name is taken. Enter another name.',
    nameFree: (name: string) => `This name is taken. Enter another name, for example ${name}.`,
    nobody: 'If the PACS does not require signing in, leave both empty.',
    primary: 'Send new studies here',
    primaryWhat:
      'It becomes the primary destination, which viewers and models use. Studies that are being sent keep their destinations.',
    primaryProposed: (name: string) =>
      `Selected because ${name} fails its test and no study has been sent yet.`,
    primaryTaken: (name: string) => `${name} is then no longer the primary destination.`,
    /** `need`: that of the previous primary destination. */
    primaryTakenMeans: (need: Need | null) =>
      need === null
        ? 'New studies are sent there only if you choose this under “New studies”, or if a rule sends them.'
        : 'New studies are sent there as set under “New studies”, unless a rule decides otherwise.',
    twin: (name: string) => `${name} already uses this address.`,
    twinMeans:
      'If you add the same PACS twice, it could get studies twice. Press Cancel to use the existing destination.',
    first: 'This becomes the primary destination, because there is no other yet.',
    kind: 'Type',
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
        mistake: 'Enter an address that starts with http:// or https:// and contains no password.',
      },
      orthanc: {
        label: 'Address',
        what: 'The address ends with /dicom-web, for example https://orthanc.example.org/dicom-web.',
        mistake: 'Enter an address that starts with http:// or https:// and ends with /dicom-web.',
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
    callingAEWhat: 'The PACS must know this title and allow it to store, query and retrieve.',
    connection: 'Connection',
    commitment: 'Request storage commitment',
    commitmentWhat: {
      dimse:
        'Instances count as in the PACS only when it has also committed to keep them. Unless the gateway listens for DIMSE (RELAY_DIMSE_PORT), the PACS must report in the same association.',
      dicomweb:
        'Instances count as in the PACS only when it has also committed to keep them. Few PACSs support this over DICOMweb. Press Test after saving.',
    } satisfies Record<CommittingKind, string>,
    connections: { plain: 'Without TLS', tls: 'With TLS' } satisfies Record<DimseConnection, string>,
    inTheClear: 'Without TLS, anyone on the network path can read images and passwords.',
    authentication: 'Sign in with',
    signIns: {
      none: 'No sign-in',
      basic: 'User name and password',
      bearer: 'Fixed token (bearer)',
      oauth: 'OAuth 2 (client credentials)',
    } satisfies Record<AuthenticationKind, string>,
    username: 'User name',
    password: 'Password',
    token: 'Token',
    tokenUrl: 'Token address',
    clientId: 'Client ID',
    clientSecret: 'Client secret',
    scope: 'Scope (if required)',
    kept: 'Leave empty to keep the saved value.',
    keptHere:
      'Leave empty to keep the saved value. If you change the address, the user name or the certificate authority, enter the value again, so that the saved value is not sent to a different server.',
    secretAgain:
      'The address, the user name or the certificate authority was changed. Enter this again, so that the saved value is not sent to a different server.',
    caWhat:
      'If you change the certificate authority, also enter the password, token or secret above, unless you have already typed it on this page.',
    certificates: 'Certificates',
    ca: 'Certificate of a private certificate authority (PEM)',
    certificate: 'Client certificate of the gateway (PEM), if the PACS requires one',
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
      tokenUrl: 'Enter the address of the token endpoint, starting with http:// or https://.',
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
      ? 'Folders cannot be used as destinations yet. To allow them, set RELAY_FOLDER_ROOT on the gateway and restart it.'
      : `Enter the path below ${withSlash(folderRoot)} (RELAY_FOLDER_ROOT), for example archive/night. The folder must exist.`;
  return { ...addresses.folder, what };
}

export const withSlash = (folder: string): string => `${trimEnd(folder, '/')}/`;

/** The mistake for a path that is not below the root of folders. */
export const folderMistake = (folderRoot: string | null): string =>
  folderRoot === null
    ? destinationWords.form.addresses.folder.mistake
    : `Enter the path below ${withSlash(folderRoot)}, for example archive/night. Letters, digits, dots, hyphens and underscores are allowed.`;

/** A question that includes what the test found. */
export type Warning = ReturnType<(typeof destinationWords)['askFailing' | 'askLimited']>;

type Form = (typeof destinationWords)['form'];
export type FieldName = 'url' | keyof (typeof destinationWords)['form']['mistakes'];
