/** Diagnoses of a PACS that speaks DIMSE. `{name}` is a placeholder for a fact. */
import type { Diagnoses } from './checks.ts';

const KNOW_US = {
  any: 'Enter {calling}, with the address of the gateway, among the AE titles that the PACS knows, and let it store, query and retrieve.',
  Orthanc: 'Name it in "DicomModalities": {"relay": ["{calling}", "ADDRESS OF THE GATEWAY", 104]}.',
  dcm4chee: 'Check the "Accepted Calling AE Title" of the network AE {called}.',
} as const;

const ITS_PORT = {
  Orthanc: 'Its port is "DicomPort" (4242 unless changed); "DicomServerEnabled" must be true.',
  dcm4chee: 'Its port for DIMSE is 11112, and 2762 with TLS, unless changed.',
} as const;

const MOUNT = 'Create it beneath RELAY_FOLDER_ROOT, and check that its disk or share is mounted.';

export const OF_DIMSE = {
  connection: {
    'dimse-connection-refused': {
      fail: 'Nothing listens on port {port} of {host}.',
      any: 'Start the PACS, or correct the port in the address: it is that of DIMSE, often 104 or 11112, not that of the web pages. storescp names its port on its command line.',
      ...ITS_PORT,
    },
  },
  certificate: {
    'dimse-in-clear': {
      warn: 'DIMSE without TLS: anybody on the way can read the images, and anybody can call itself {calling}.',
      any: 'Use dimse-tls:// with a certificate of the gateway, or a network of its own.',
      Orthanc:
        'Set "DicomTlsEnabled" to true, with "DicomTlsCertificate", "DicomTlsPrivateKey" and "DicomTlsTrustedCertificates".',
    },
  },
  association: {
    'association-accepted': { ok: '{called} accepts an association with {calling}.' },
    'called-ae-unknown': {
      fail: 'The PACS says that its AE title is not {called}.',
      any: 'Enter the title of the PACS at the destination as the PACS has it: upper and lower case differ. If it is right, check that the PACS knows {calling}.',
      Orthanc: 'Its title is "DicomAet"; with "DicomCheckCalledAet": false it takes any.',
      dcm4chee: 'Its title is that of a network AE of the archive device, often DCM4CHEE.',
    },
    'calling-ae-unknown': {
      fail: 'The PACS says that it does not know {calling}, the AE title of the gateway.',
      ...KNOW_US,
      any: `${KNOW_US.any} If it is there, check {called} too: upper and lower case differ.`,
    },
    'association-refused': {
      fail: 'The PACS refuses the association.',
      any: 'It may have too many at once. Look into its log at this time.',
      Orthanc: KNOW_US.Orthanc,
    },
    'association-fails': {
      fail: 'What answers on port {port} makes no association ({code}).',
      any: 'Check the port: it is that of DIMSE, often 104 or 11112, not that of the web pages. If the PACS wants TLS, begin the address with dimse-tls.',
      ...ITS_PORT,
    },
  },
  echo: {
    echoes: { ok: 'C-ECHO is answered.' },
    'echo-refused': {
      warn: 'C-ECHO is answered with {status}.',
      any: 'Look into the log of the PACS at this time.',
    },
    'echo-not-taken': { ok: 'The PACS does not take C-ECHO. RelayPACS does not need it.' },
  },
  contexts: {
    'contexts-taken': { ok: 'The usual kinds of images are taken, uncompressed and compressed ({count}).' },
    'contexts-missing': {
      warn: 'The PACS does not take: {missing}. Such instances are refused, the others are stored.',
      any: 'Allow these SOP Classes and transfer syntaxes for {calling} in the PACS.',
      Orthanc:
        'Set "AcceptedTransferSyntaxes" to ["1.2.840.10008.1.*"] and "UnknownSopClassAccepted" to true.',
      dcm4chee: 'Add them to the transfer capabilities of the network AE {called}.',
    },
    'contexts-none': {
      fail: 'The PACS takes no images from {calling}.',
      ...KNOW_US,
    },
  },
  find: {
    finds: { ok: 'The PACS answers C-FIND in the Study Root model.' },
    'find-refused': {
      fail: 'The PACS does not answer C-FIND from {calling} ({outcome}). Nothing that it stores could be confirmed, and studies wait.',
      any: `${KNOW_US.any} A program that only stores, such as storescp, cannot be searched: use one that answers C-FIND, for example an Orthanc.`,
      dcm4chee: KNOW_US.dcm4chee,
      Orthanc:
        'In "DicomModalities", the entry of the gateway must not have "AllowFind": false; see also "DicomAlwaysAllowFind".',
    },
  },
  get: {
    gets: { ok: 'The PACS takes C-GET.' },
    'get-refused': {
      warn: 'The PACS does not take C-GET. It takes images; they cannot be read back, so receipts say "found", and images cannot be shown.',
      any: 'Turn C-GET on in the PACS for {calling}.',
      Orthanc:
        'In "DicomModalities", the entry of the gateway needs "AllowGet": true; see also "DicomAlwaysAllowGet".',
    },
  },
  commitment: {
    'dimse-commitment-taken': { ok: 'The PACS takes storage commitment. The destination can ask for it.' },
    'dimse-commitment-absent': {
      ok: 'The PACS takes no storage commitment. RelayPACS searches for every instance instead.',
    },
  },
  folder: {
    'folder-ready': { ok: 'The folder is there, and the gateway writes in it.' },
    'folders-not-allowed': {
      fail: 'The gateway may not write there.',
      any: 'Set RELAY_FOLDER_ROOT on the gateway to the folder in which destinations may lie, and restart it.',
    },
    'foreign-entry': {
      fail: '{place} is a link, a special file, or a file in the place of a folder. The gateway neither follows nor replaces it; its studies wait.',
      any: 'Find out who made it beneath RELAY_FOLDER_ROOT. Remove it, or put the real folder or file back. “find FOLDER ! -type d ! -type f” lists all links and special files.',
    },
    'folder-overfull': {
      fail: '{place} has more names in it than the gateway reads.',
      any: 'Find out who else writes there, beneath RELAY_FOLDER_ROOT, and remove everything that the gateway did not make.',
    },
    'folder-missing': {
      fail: 'The folder is not there.',
      any: MOUNT,
    },
    'folder-not-writable': {
      fail: 'The gateway may not read and write in this folder.',
      any: 'Make the folder the gateway’s own, and check that its disk is not read-only.',
    },
    'disk-full': {
      fail: 'Its disk is full.',
      any: 'Make room. Studies wait until then, and are sent automatically.',
    },
    'folder-fails': {
      fail: 'The folder cannot be used ({code}).',
      any: MOUNT,
    },
  },
} as const satisfies Diagnoses;
