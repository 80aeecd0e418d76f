/** Diagnoses of retrieval, of store requests, and of stored test instances. `{name}` is a placeholder for a fact. */
import type { Diagnoses } from './checks.ts';

const BODY_CHANGE = {
  any: 'Raise the limit of the PACS or its proxy to the size of the largest instance (2 GB is safe).',
  nginx:
    'In the server or location of the PACS: client_max_body_size 0; proxy_request_buffering off; then nginx -s reload.',
  dcm4chee: 'Raise max-post-size of the HTTP listener of WildFly.',
  cloud: 'Use the endpoint of the DICOM service itself: API gateways often end at 10 MB.',
} as const;

export const OF_STORE = {
  retrieval: {
    retrieves: { ok: 'Instances are returned in the encoding in which they are stored.' },
    'retrieval-fails': {
      warn: 'The PACS lists an instance, but does not return it ({outcome}). It stores images, but models and reading back do not work.',
      any: 'Give the account permission to retrieve, and allow transfer-syntax=* (PS3.18 §8.7.3.5.2).',
      nginx: 'Allow GET below /studies, and set proxy_read_timeout to 300s.',
    },
    'retrieval-untried': { skipped: 'The PACS lists no instances. A test with test instances stores some.' },
  },
  'media-types': {
    'types-right': { ok: 'Search results are returned as application/dicom+json.' },
    'types-odd': {
      warn: 'Search results are returned as "{type}", not as application/dicom+json. RelayPACS can read this, but viewers may not.',
      nginx: 'Remove rules that set or hide Content-Type.',
      any: 'Ask the vendor for application/dicom+json (PS3.18 §10.6).',
    },
  },
  store: {
    'stores-offered': {
      ok: 'The PACS accepts store requests. A test with test instances stores two and removes them if possible.',
    },
    'stores-unsure': {
      warn: 'A store request without instances was refused with a web page (status {status}). A proxy may refuse all store requests.',
      any: 'Test with test instances. If they are refused too, allow POST to /studies in the proxy.',
      nginx: 'Check what refuses POST: return {status}, limit_except, a web application firewall.',
    },
    stored: { ok: 'The PACS stored two test instances.' },
    'stored-and-lost': {
      fail: 'The PACS confirmed two test instances, but {seconds} s later it does not list or return {lost} of them.',
      any: 'Check in the PACS whether a rule, a quota or a full disk discards them. Until this is fixed, the PACS loses images that it confirms.',
      Orthanc: 'Check the Lua scripts and Python plugins that filter or delete instances.',
    },
    'stored-with-warning': {
      warn: 'The PACS stored the test instances with a warning: {reason} ({code})',
      any: '{remedy}',
    },
    'store-refused': {
      fail: 'The PACS did not store the test instance: {reason} ({code})',
      any: '{remedy}',
    },
    'store-unanswered': {
      fail: 'The PACS did not report whether it stored the test instance ({outcome}).',
      any: 'Check the log of the PACS at this time.',
    },
    'stores-not-offered': {
      fail: 'The PACS does not accept store requests at this address (status {status}).',
      any: 'Use a DICOMweb root with STOW-RS.',
      nginx: 'Allow POST in the location of the PACS (limit_except).',
      Orthanc: 'Check that the DICOMweb plugin is not read-only and no authorization plugin refuses POST.',
      dcm4chee: 'Use an AE title whose Web application has the service class STOW_RS.',
    },
    'stores-forbidden': {
      fail: 'The account is allowed to search, but not to store (status {status}).',
      any: 'Give it permission to store.',
      nginx: 'Check limit_except and the web application firewall.',
      cloud: 'Give it the role of an editor, not of a viewer, of the DICOM store.',
    },
    'stores-fail': {
      fail: 'The PACS fails on a store request without instances ({outcome}).',
      any: 'Check the log of the PACS at this time.',
    },
    'stores-all-fail': {
      fail: 'The PACS fails on every store request ({outcome}).',
      any: 'Check the log of the PACS at this time, and check its disk and its load.',
    },
    'stores-no-room': {
      fail: 'The PACS is out of space (status 507).',
      any: 'Free space in the PACS. Studies waiting at the gateway are then sent automatically.',
    },
  },
  'body-size': {
    'bodies-pass': { ok: 'Requests of {bytes} are not refused for their size.' },
    'bodies-limited': {
      warn: 'Requests larger than {bytes} are refused by the PACS or its proxy ({outcome}). Larger instances cannot be stored.',
      ...BODY_CHANGE,
    },
    'bodies-too-small': {
      fail: 'Requests larger than {bytes} are refused by the PACS or its proxy ({outcome}). That is less than an ordinary X-ray image.',
      ...BODY_CHANGE,
    },
    'bodies-untold': {
      warn: 'A request of {bytes} got no response ({outcome}).',
      ...BODY_CHANGE,
    },
  },
  chunked: {
    'chunks-taken': { ok: 'Requests without a length are accepted.' },
    'chunks-refused': {
      warn: 'Requests without a length are refused ({outcome}). RelayPACS always sends the length, but other clients may not.',
      nginx: 'Set proxy_http_version 1.1, and leave proxy_request_buffering on: nginx then adds the length.',
    },
  },
  garbage: {
    'garbage-refused': { ok: 'Data that is not DICOM is refused (status {status}).' },
    'garbage-taken': {
      warn: 'The PACS responded with status {status} to data that is not DICOM, so its responses do not show what was stored. RelayPACS searches for every instance anyway.',
      any: 'Keep RELAY_PACS_PROOF at digest or read-back-sample.',
    },
    'garbage-breaks': {
      warn: 'Data that is not DICOM makes the PACS fail ({outcome}). One bad file may end a whole request.',
      any: 'Update the PACS. RelayPACS sends such instances separately.',
    },
  },
  lag: {
    'shown-at-once': { ok: 'A search finds stored instances immediately.' },
    'shown-late': {
      warn: 'A search finds stored instances only after {seconds} s.',
      any: 'Save a lag of {minutes} minutes at the destination, or start the gateway with RELAY_PACS_LAG_MINUTES={minutes}.',
      nginx: 'Do not cache the answers of the PACS: proxy_cache off.',
    },
    'never-shown': {
      fail: 'A search did not find the stored instances within {seconds} s.',
      any: 'If the PACS indexes later, save a lag of {minutes} minutes at the destination (RELAY_PACS_LAG_MINUTES). If it never finds them, a rule of the PACS moves or rejects them.',
      nginx: 'Do not cache the answers of the PACS: proxy_cache off.',
    },
    'not-there-to-show': {
      fail: '{seconds} s later, a search does not find {lost} of the test instances. The PACS no longer has them, so waiting longer does not help.',
    },
  },
  'read-back': {
    'same-bytes': { ok: 'The PACS returned a test instance unchanged.' },
    'other-bytes': {
      warn: 'The PACS returned a test instance changed. Reading back cannot prove anything with this PACS.',
      any: 'Save the proof "found" at the destination, or start the gateway with RELAY_PACS_PROOF=found.',
    },
    'not-read-back': {
      warn: 'The PACS did not return a test instance ({outcome}).',
      any: 'Save the proof "found" at the destination, or start the gateway with RELAY_PACS_PROOF=found.',
    },
  },
  duplicates: {
    'first-kept': {
      ok: 'The PACS keeps the first of two instances with the same UID. It responded with {same} to the same data, and with {other} to different data.',
    },
    'last-kept': {
      warn: 'The PACS replaces an instance when another one with the same UID arrives. RelayPACS never sends one, but other programs may.',
      Orthanc: 'Set "OverwriteInstances" to false.',
      dcm4chee: 'Set the Overwrite Policy of the archive device to NEVER.',
    },
    'duplicates-untold': {
      skipped:
        'It cannot be checked which of two instances with the same UID is kept, because the PACS does not return them bit for bit.',
    },
  },
  removal: {
    removed: { ok: 'The test study was removed.' },
    'not-removed': {
      warn: 'The test study is still in the PACS: Patient ID {patient}, Study Instance UID {study}.',
      any: 'Delete it in the PACS. RelayPACS could not.',
      Orthanc: 'Its REST API next to /dicom-web can remove it, if the proxy allows this.',
      dcm4chee: 'Reject it in its user interface, then delete it.',
    },
    'removal-untold': {
      warn: 'It is unknown whether the test study is still in the PACS. Patient ID {patient}, Study Instance UID {study}.',
      any: 'Search the PACS for this Patient ID, and delete the study there if you find it.',
    },
    absent: { ok: 'The test study is not in the PACS.' },
    'nothing-to-remove': { skipped: 'Nothing was stored.' },
  },
} as const satisfies Diagnoses;
