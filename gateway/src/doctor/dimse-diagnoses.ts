/** Diagnoses of a PACS that speaks DIMSE. `{name}` is a placeholder for a fact. */
import type { Diagnoses } from './checks.ts';

const KNOW_US = {
  any: 'Add {calling} with the address of the gateway to the AE titles that the PACS knows, and allow it to store, query and retrieve.',
  Orthanc: 'Add it to "DicomModalities": {"relay": ["{calling}", "ADDRESS OF THE GATEWAY", 104]}.',
  dcm4chee: 'Check the "Accepted Calling AE Title" of the network AE {called}.',
} as const;

const ITS_PORT = {
  Orthanc: 'Its port is "DicomPort" (4242 unless changed); "DicomServerEnabled" must be true.',
  dcm4chee: 'Its port for DIMSE is 11112, and 2762 with TLS, unless changed.',
} as const;

const MOUNT = 'Create it below RELAY_FOLDER_ROOT, and check that its disk or share is mounted.';

export const OF_DIMSE = {
  connection: {
    'dimse-connection-refused': {
      fail: 'No program is listening on port {port} of {host}.',
      any: 'Start the PACS, or correct the port in the address: use the DIMSE port, often 104 or 11112, not the port of the web pages. storescp names its port on its command line.',
      ...ITS_PORT,
    },
  },
  certificate: {
    'dimse-in-clear': {
      warn: 'DIMSE without TLS: anyone on the network path can read the images, and any program can pretend to be {calling}.',
      any: 'Use dimse-tls:// with a certificate of the gateway, or a separate network.',
      Orthanc:
        'Set "DicomTlsEnabled" to true, with "DicomTlsCertificate", "DicomTlsPrivateKey" and "DicomTlsTrustedCertificates".',
    },
  },
  association: {
    'association-accepted': { ok: '{called} accepts an association with {calling}.' },
    'called-ae-unknown': {
      fail: 'The PACS says that its AE title is not {called}.',
      any: 'Enter the AE title at the destination exactly as in the PACS, including upper and lower case. If it is right, check that the PACS knows {calling}.',
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
      any: 'It may have too many at once. Check its log at this time.',
      Orthanc: KNOW_US.Orthanc,
    },
    'association-fails': {
      fail: 'The program on port {port} does not open a DICOM association ({code}).',
      any: 'Check the port: use the DIMSE port, often 104 or 11112, not the port of the web pages. If the PACS requires TLS, start the address with dimse-tls.',
      ...ITS_PORT,
    },
  },
  echo: {
    echoes: { ok: 'C-ECHO is answered.' },
    'echo-refused': {
      warn: 'C-ECHO is answered with {status}.',
      any: 'Check the log of the PACS at this time.',
    },
    'echo-not-taken': { ok: 'The PACS does not support C-ECHO. RelayPACS does not need it.' },
  },
  contexts: {
    'contexts-taken': {
      ok: 'The usual kinds of images are accepted, uncompressed and compressed ({count}).',
    },
    'contexts-missing': {
      warn: 'The PACS does not accept: {missing}. Such instances are refused, the others are stored.',
      any: 'Allow these SOP Classes and transfer syntaxes for {calling} in the PACS.',
      Orthanc:
        'Set "AcceptedTransferSyntaxes" to ["1.2.840.10008.1.*"] and "UnknownSopClassAccepted" to true.',
      dcm4chee: 'Add them to the transfer capabilities of the network AE {called}.',
    },
    'contexts-none': {
      fail: 'The PACS accepts no images from {calling}.',
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
    gets: { ok: 'The PACS supports C-GET.' },
    'get-refused': {
      warn: 'The PACS does not support C-GET. It stores images, but they cannot be read back. So receipts say "found", and images cannot be shown.',
      any: 'Turn C-GET on in the PACS for {calling}.',
      Orthanc:
        'In "DicomModalities", the entry of the gateway needs "AllowGet": true; see also "DicomAlwaysAllowGet".',
    },
  },
  commitment: {
    'dimse-commitment-taken': { ok: 'The PACS supports storage commitment. The destination can request it.' },
    'dimse-commitment-absent': {
      ok: 'The PACS does not support storage commitment. RelayPACS searches for every instance instead.',
    },
  },
  folder: {
    'folder-ready': { ok: 'The folder exists, and the gateway can write to it.' },
    'folders-not-allowed': {
      fail: 'The gateway is not allowed to write there.',
      any: 'Set RELAY_FOLDER_ROOT on the gateway to the folder that may contain destinations, and restart it.',
    },
    'foreign-entry': {
      fail: '{place} is a link, a special file, or a file instead of a folder. The gateway does not follow or replace it, and its studies wait.',
      any: 'Find out who created it below RELAY_FOLDER_ROOT. Remove it, or restore the real folder or file. “find FOLDER ! -type d ! -type f” lists all links and special files.',
    },
    'folder-overfull': {
      fail: '{place} contains more entries than the gateway can read.',
      any: 'Find out who else writes there, below RELAY_FOLDER_ROOT, and remove everything that the gateway did not create.',
    },
    'folder-missing': {
      fail: 'The folder does not exist.',
      any: MOUNT,
    },
    'folder-not-writable': {
      fail: 'The gateway does not have permission to read and write in this folder.',
      any: 'Make the gateway’s account the owner of the folder, and check that its disk is not read-only.',
    },
    'disk-full': {
      fail: 'Its disk is full.',
      any: 'Free space. Studies wait until then and are sent automatically.',
    },
    'folder-fails': {
      fail: 'The folder cannot be used ({code}).',
      any: MOUNT,
    },
  },
} as const satisfies Diagnoses;
