/** The words of the page of destinations. Each finding says what is wrong, and what to change. */
import type { CommittingKind, DestinationFinding, DestinationKind } from '#shared/protocol/destination.ts';
import type { Need } from '#shared/protocol/forms.ts';
import { counted, instances } from '../kit/counted.ts';

export type AuthenticationKind = 'none' | 'basic' | 'bearer' | 'oauth';
export type DimseConnection = 'plain' | 'tls';

export const destinationWords = {
  intro:
    'The PACSs to which studies go. New studies go to the primary one, and to others that you choose; a study under way stays with its own.',
  add: 'Add a destination',
  primary: 'Primary',
  fromEnvironment: 'Set by PACS_URL at every start. To change it, change that setting and restart.',
  underWay: (studies: number) => `${counted(studies, 'study', 'studies')} under way`,
  waiting: (studies: number) => `${counted(studies, 'study', 'studies')} waiting for it`,
  idle: 'No studies under way',
  test: 'Test',
  testing: 'Testing…',
  examine: 'Look closer',
  examining: 'Looking at it. This takes up to a minute…',
  examineStoring: 'Look closer, with test instances',
  askStoring: (name: string) => ({
    title: `Store two test instances in ${name}?`,
    about: '',
    what: 'They are synthetic and are removed where the PACS allows it. Otherwise delete them there: they are of the patient RELAYPACS^TEST.',
    yes: 'Store and look',
    no: 'Cancel',
  }),
  examined: (name: string) => `What the gateway found at ${name}`,
  results: { ok: 'Right', warn: 'Check', fail: 'Wrong', skipped: 'Not looked at' },
  settings: 'Settings that fit',
  lag: (minutes: number) => `RELAY_PACS_LAG_MINUTES=${minutes}`,
  proof: (proof: string) => `RELAY_PACS_PROOF=${proof}`,
  body: (bytes: number) => `Largest body that passed: ${bytes} bytes`,
  change: 'Change',
  of: (action: string, name: string) => `${action} ${name}`,
  need: 'New studies',
  needs: {
    none: 'Do not go there',
    also: 'Also go there; nobody waits for it',
    required: 'Must arrive there too before they count as in the PACS',
  } satisfies Record<Need | 'none', string>,
  makePrimary: 'Make primary',
  askPrimary: (name: string) => ({
    title: `Send new studies to ${name}?`,
    about: '',
    what: 'Studies that are under way stay with their present destination, which must keep running until they are done.',
    yes: 'Make primary',
    no: 'Cancel',
  }),
  deadLetters: (count: number) => `${instances(count)} not taken there`,
  sendAgain: 'Send again',
  leaveOut: 'Leave out',
  askLeaveOut: (name: string) => ({
    title: `Leave out what ${name} did not take?`,
    about: '',
    what: 'It will not be sent there again. The other destinations keep what they have.',
    yes: 'Leave out',
    no: 'Keep',
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
  took: (milliseconds: number) => `answered in ${milliseconds} ms`,
  findings: {
    ok: { title: 'It answers, and gives what it holds.', next: null },
    'no-retrieval': {
      title: 'It answers searches, but gives no instance back (WADO-RS, C-GET).',
      next: 'Turn that on in the PACS. Until then nothing can be read back, and images cannot be shown.',
    },
    'no-search': {
      title: 'Something answers, but not with the result of a search (QIDO-RS, C-FIND).',
      next: 'Check the path of the address: Orthanc’s ends in /dicom-web, dcm4chee’s in /aets/NAME/rs. Over DIMSE, let the gateway’s AE title query the PACS.',
    },
    'no-commitment': {
      title: 'It does not take storage commitment.',
      next: 'Turn it on in the PACS (over DIMSE for the gateway’s AE title), or off here. Until then nothing counts as stored there.',
    },
    'unknown-ae-title': {
      title: 'It does not know one of the AE titles.',
      next: 'Add the gateway’s AE title, and its address, to the PACS, and check the PACS’s own: upper and lower case differ.',
    },
    'association-refused': {
      title: 'It refuses the association.',
      next: 'It may have too many at once, or want TLS. Look at its log.',
    },
    'not-orthanc': {
      title: 'It answers, but its REST API does not answer as Orthanc’s.',
      next: 'Check that the proxy before it lets /system and /instances through, or choose DICOMweb.',
    },
    'not-signed-in': {
      title: 'It does not accept the password, token or certificate.',
      next: 'Enter it again, or ask the PACS administrator whether this account may search and store.',
    },
    'no-access-token': {
      title: 'The authorization server gives no access token.',
      next: 'Check the token address, the client ID, the client secret and the scope.',
    },
    'secrets-unreadable': {
      title: 'The saved password can no longer be read, because the gateway’s key has changed.',
      next: 'Enter it again.',
    },
    redirects: {
      title: 'It sends the gateway to another address.',
      next: 'Enter the final address, often the same one with https.',
    },
    'answers-with-error': {
      title: 'It answers with an error.',
      next: 'Check whether the PACS runs behind its proxy, and look at its log.',
    },
    'unknown-name': {
      title: 'There is no machine with this name.',
      next: 'Check the spelling of the address, and the DNS of the gateway’s machine.',
    },
    'connection-refused': {
      title: 'The machine is there, but nothing listens on this port.',
      next: 'Check the port, and whether the PACS is running.',
    },
    'certificate-unknown': {
      title: 'Its certificate is from an authority that the gateway does not trust.',
      next: 'Enter the certificate of that authority under Certificates.',
    },
    'certificate-other-name': {
      title: 'Its certificate is for another name.',
      next: 'Use the name that is in the certificate.',
    },
    'certificate-expired': {
      title: 'Its certificate has expired, or is not valid yet.',
      next: 'Renew it on the PACS, and check the clocks of both machines.',
    },
    'folders-not-allowed': {
      title: 'The gateway may not write there.',
      next: 'Set RELAY_FOLDER_ROOT on the gateway to the folder in which destinations may lie, and restart it.',
    },
    'folder-missing': {
      title: 'The folder is not there.',
      next: 'Create it beneath RELAY_FOLDER_ROOT, and check that its disk or share is mounted.',
    },
    'folder-not-writable': {
      title: 'The gateway may not read and write in this folder.',
      next: 'Make the folder the gateway’s own, and check that its disk is not read-only.',
    },
    'disk-full': {
      title: 'Its disk is full.',
      next: 'Make room. Studies wait until then, and are sent automatically.',
    },
    silent: {
      title: 'It does not answer.',
      next: 'Check the address and whether a firewall lies between the gateway and the PACS.',
    },
    unreachable: {
      title: 'It cannot be reached.',
      next: 'Check the address and the network between the gateway and the PACS.',
    },
  } satisfies Record<DestinationFinding, { readonly title: string; readonly next: string | null }>,
  form: {
    add: 'Add a destination',
    change: (name: string) => `Change ${name}`,
    name: 'Name',
    nameWhat: 'Lower-case letters, digits and hyphens, for example main-archive.',
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
        what: 'Its path beneath RELAY_FOLDER_ROOT, for example archive/night. It must exist.',
        mistake: 'Enter a path of letters, digits, dots, hyphens and underscores, for example archive/night.',
      },
    } satisfies Record<
      Exclude<DestinationKind, 'dimse'>,
      { readonly [part in 'label' | 'what' | 'mistake']: string }
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
    certificates: 'Certificates',
    ca: 'Certificate of a private authority (PEM)',
    certificate: 'Certificate of the gateway (PEM), if the PACS asks for one',
    key: 'Its private key (PEM, without a password)',
    save: 'Save',
    saving: 'Saving…',
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
      ca: 'Paste the whole certificate, from -----BEGIN to the end of the last line.',
      certificate: 'Paste the whole certificate, from -----BEGIN to the end of the last line.',
      key: 'Paste the whole key, from -----BEGIN to the end of the last line.',
    },
  },
} as const;

export type FieldName = 'url' | keyof (typeof destinationWords)['form']['mistakes'];
