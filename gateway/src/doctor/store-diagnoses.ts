/** Diagnoses of retrieval, of store requests, and of stored test instances. `{name}` stands for a fact. */
import type { Diagnosis } from './checks.ts';

export const INSTANCES = {
  retrieves: {
    check: 'retrieval',
    result: 'ok',
    says: 'An instance comes back in the encoding in which it is stored.',
  },
  'retrieval-fails': {
    check: 'retrieval',
    result: 'warn',
    says: 'The PACS names an instance and does not return it ({outcome}). It takes images; models and reading back do not work.',
    change: {
      any: 'Give the account the right to retrieve, and allow transfer-syntax=* (PS3.18 §8.7.3.5.2).',
      nginx: 'Allow GET below /studies, and set proxy_read_timeout to 300s.',
    },
  },
  'retrieval-untried': {
    check: 'retrieval',
    result: 'skipped',
    says: 'The PACS names no instance. A test with test instances gives it one.',
  },
  'types-right': {
    check: 'media-types',
    result: 'ok',
    says: 'Searches come as application/dicom+json.',
  },
  'types-odd': {
    check: 'media-types',
    result: 'warn',
    says: 'A search comes as "{type}", not as application/dicom+json. RelayPACS reads it; viewers may not.',
    change: {
      nginx: 'Remove rules that set or hide Content-Type.',
      any: 'Ask the vendor for application/dicom+json (PS3.18 §10.6).',
    },
  },
  'stores-offered': {
    check: 'store',
    result: 'ok',
    says: 'The PACS takes store requests. A test with test instances stores two, and removes them where possible.',
  },
  'stores-unsure': {
    check: 'store',
    result: 'warn',
    says: 'A store request without instances is refused with a web page (status {status}). Something before the PACS may refuse every one.',
    change: {
      any: 'Test with test instances. If they are refused too, allow POST to /studies in whatever stands before the PACS.',
      nginx: 'Look for what refuses POST: return {status}, limit_except, a firewall for web applications.',
    },
  },
  stored: { check: 'store', result: 'ok', says: 'The PACS stored two test instances.' },
  'stored-and-lost': {
    check: 'store',
    result: 'fail',
    says: 'The PACS confirmed two test instances, and {seconds} s later it neither lists nor returns {lost} of them.',
    change: {
      any: 'Look in the PACS for what discards them: a rule, a quota or a full disk. Until then it loses what it confirms.',
      Orthanc: 'Check the Lua scripts and Python plugins that filter or delete instances.',
    },
  },
  'stored-with-warning': {
    check: 'store',
    result: 'warn',
    says: 'The PACS stored the test instances with a warning: {reason} ({code})',
    change: { any: '{remedy}' },
  },
  'store-refused': {
    check: 'store',
    result: 'fail',
    says: 'The PACS did not store the test instance: {reason} ({code})',
    change: { any: '{remedy}' },
  },
  'store-unanswered': {
    check: 'store',
    result: 'fail',
    says: 'The PACS did not say what became of the test instance ({outcome}).',
    change: { any: 'Look into the log of the PACS at this time.' },
  },
  'stores-not-offered': {
    check: 'store',
    result: 'fail',
    says: 'The PACS takes no store requests here (status {status}).',
    change: {
      any: 'Use a DICOMweb root with STOW-RS.',
      nginx: 'Allow POST in the location of the PACS (limit_except).',
      Orthanc: 'Check that the DICOMweb plugin is not read-only and no authorization plugin refuses POST.',
      dcm4chee: 'Use an AE title whose Web application has the service class STOW_RS.',
    },
  },
  'stores-forbidden': {
    check: 'store',
    result: 'fail',
    says: 'The account may search, but not store (status {status}).',
    change: {
      any: 'Give it the right to store.',
      nginx: 'Check limit_except and the firewall for web applications.',
      cloud: 'Give it the role of an editor, not of a viewer, of the DICOM store.',
    },
  },
  'stores-fail': {
    check: 'store',
    result: 'fail',
    says: 'The PACS fails on a store request without instances ({outcome}).',
    change: { any: 'Look into the log of the PACS at this time.' },
  },
  'stores-all-fail': {
    check: 'store',
    result: 'fail',
    says: 'The PACS fails on every store request ({outcome}).',
    change: { any: 'Look into the log of the PACS at this time, and check its disk and its load.' },
  },
  'stores-no-room': {
    check: 'store',
    result: 'fail',
    says: 'The PACS has no room left (status 507).',
    change: {
      any: 'Make room in the PACS. What waits at the gateway then goes there by itself.',
    },
  },
} as const satisfies Record<string, Diagnosis>;

const BODY_CHANGE = {
  any: 'Raise the limit of whatever stands before the PACS to the size of its largest instance (2 GB is safe).',
  nginx:
    'In the server or location of the PACS: client_max_body_size 0; proxy_request_buffering off; then nginx -s reload.',
  dcm4chee: 'Raise max-post-size of the HTTP listener of WildFly.',
  cloud: 'Use the endpoint of the DICOM service itself: API gateways often end at 10 MB.',
} as const;

export const BODIES = {
  'bodies-pass': {
    check: 'body-size',
    result: 'ok',
    says: 'Bodies of {bytes} are not refused.',
  },
  'bodies-limited': {
    check: 'body-size',
    result: 'warn',
    says: 'Bodies of more than {bytes} are refused ({outcome}), by the PACS or by a proxy before it. Larger instances cannot be stored.',
    change: BODY_CHANGE,
  },
  'bodies-too-small': {
    check: 'body-size',
    result: 'fail',
    says: 'Bodies of more than {bytes} are refused ({outcome}), by the PACS or by a proxy before it. That is less than an ordinary X-ray image.',
    change: BODY_CHANGE,
  },
  'bodies-untold': {
    check: 'body-size',
    result: 'warn',
    says: 'A body of {bytes} got no answer ({outcome}).',
    change: BODY_CHANGE,
  },
  'chunks-taken': { check: 'chunked', result: 'ok', says: 'Bodies without a length are taken.' },
  'chunks-refused': {
    check: 'chunked',
    result: 'warn',
    says: 'Bodies without a length are refused ({outcome}). RelayPACS always sends the length; other clients may not.',
    change: {
      nginx: 'Set proxy_http_version 1.1, and leave proxy_request_buffering on: nginx then adds the length.',
    },
  },
  'garbage-refused': {
    check: 'garbage',
    result: 'ok',
    says: 'Bytes that are not DICOM are refused (status {status}).',
  },
  'garbage-taken': {
    check: 'garbage',
    result: 'warn',
    says: 'Bytes that are not DICOM got status {status}: its answers do not say what was stored. RelayPACS searches for every instance anyway.',
    change: { any: 'Keep RELAY_PACS_PROOF at digest or read-back-sample.' },
  },
  'garbage-breaks': {
    check: 'garbage',
    result: 'warn',
    says: 'Bytes that are not DICOM make the PACS fail ({outcome}). One bad file may end a whole request.',
    change: { any: 'Update the PACS. RelayPACS offers such instances alone.' },
  },
} as const satisfies Record<string, Diagnosis>;

export const STORED = {
  'shown-at-once': { check: 'lag', result: 'ok', says: 'A search shows at once what was stored.' },
  'shown-late': {
    check: 'lag',
    result: 'warn',
    says: 'A search shows what was stored only after {seconds} s.',
    change: {
      any: 'Save a lag of {minutes} minutes at the destination, or start the gateway with RELAY_PACS_LAG_MINUTES={minutes}.',
      nginx: 'Do not cache the answers of the PACS: proxy_cache off.',
    },
  },
  'never-shown': {
    check: 'lag',
    result: 'fail',
    says: 'A search did not show within {seconds} s what was stored.',
    change: {
      any: 'If the PACS indexes later, save a lag of {minutes} minutes at the destination (RELAY_PACS_LAG_MINUTES). If it never shows it, a rule of the PACS moves or rejects it.',
      nginx: 'Do not cache the answers of the PACS: proxy_cache off.',
    },
  },
  'not-there-to-show': {
    check: 'lag',
    result: 'fail',
    says: 'A search does not show {lost} of the test instances {seconds} s later: the PACS no longer has them, and more time does not help.',
  },
  'same-bytes': {
    check: 'read-back',
    result: 'ok',
    says: 'A test instance came back unchanged.',
  },
  'other-bytes': {
    check: 'read-back',
    result: 'warn',
    says: 'A test instance came back with other bytes. Reading back cannot prove anything at this PACS.',
    change: {
      any: 'Save the proof "found" at the destination, or start the gateway with RELAY_PACS_PROOF=found.',
    },
  },
  'not-read-back': {
    check: 'read-back',
    result: 'warn',
    says: 'A test instance did not come back ({outcome}).',
    change: {
      any: 'Save the proof "found" at the destination, or start the gateway with RELAY_PACS_PROOF=found.',
    },
  },
  'first-kept': {
    check: 'duplicates',
    result: 'ok',
    says: 'The PACS keeps the first of two instances with one UID. It answered the same bytes with {same}, other bytes with {other}.',
  },
  'last-kept': {
    check: 'duplicates',
    result: 'warn',
    says: 'The PACS replaces an instance when another one with its UID arrives. RelayPACS never offers one; others may.',
    change: {
      Orthanc: 'Set "OverwriteInstances" to false.',
      dcm4chee: 'Set the Overwrite Policy of the archive device to NEVER.',
    },
  },
  'duplicates-untold': {
    check: 'duplicates',
    result: 'skipped',
    says: 'Which of two instances with one UID is kept cannot be seen: the PACS does not return them bit for bit.',
  },
  removed: { check: 'removal', result: 'ok', says: 'The test study was removed.' },
  'not-removed': {
    check: 'removal',
    result: 'warn',
    says: 'The test study is still in the PACS: Patient ID {patient}, Study Instance UID {study}.',
    change: {
      any: 'Delete it in the PACS: it does not let RelayPACS.',
      Orthanc: 'Its REST API beside /dicom-web removes it, where a proxy lets that through.',
      dcm4chee: 'Reject it in its user interface, then delete it.',
    },
  },
  'removal-untold': {
    check: 'removal',
    result: 'warn',
    says: 'Whether the test study is still in the PACS is unknown. Patient ID {patient}, Study Instance UID {study}.',
    change: { any: 'Search the PACS for this Patient ID, and delete the study there if you find it.' },
  },
  absent: { check: 'removal', result: 'ok', says: 'Nothing of the test study is in the PACS.' },
  'nothing-to-remove': { check: 'removal', result: 'skipped', says: 'Nothing was stored.' },
} as const satisfies Record<string, Diagnosis>;
