/** Diagnoses of retrieval, of store requests, and of stored test instances. `{name}` is a placeholder for a fact. */
import type { Diagnoses } from './checks.ts';

const BODY_CHANGE = {
  any: 'Raise the limit of whatever stands before the PACS to the size of its largest instance (2 GB is safe).',
  nginx:
    'In the server or location of the PACS: client_max_body_size 0; proxy_request_buffering off; then nginx -s reload.',
  dcm4chee: 'Raise max-post-size of the HTTP listener of WildFly.',
  cloud: 'Use the endpoint of the DICOM service itself: API gateways often end at 10 MB.',
} as const;

export const OF_STORE = {
  retrieval: {
    retrieves: { ok: 'An instance comes back in the encoding in which it is stored.' },
    'retrieval-fails': {
      warn: 'The PACS names an instance and does not return it ({outcome}). It takes images; models and reading back do not work.',
      any: 'Give the account the right to retrieve, and allow transfer-syntax=* (PS3.18 §8.7.3.5.2).',
      nginx: 'Allow GET below /studies, and set proxy_read_timeout to 300s.',
    },
    'retrieval-untried': { skipped: 'The PACS names no instance. A test with test instances gives it one.' },
  },
  'media-types': {
    'types-right': { ok: 'Searches come as application/dicom+json.' },
    'types-odd': {
      warn: 'A search comes as "{type}", not as application/dicom+json. RelayPACS reads it; viewers may not.',
      nginx: 'Remove rules that set or hide Content-Type.',
      any: 'Ask the vendor for application/dicom+json (PS3.18 §10.6).',
    },
  },
  store: {
    'stores-offered': {
      ok: 'The PACS takes store requests. A test with test instances stores two, and removes them where possible.',
    },
    'stores-unsure': {
      warn: 'A store request without instances is refused with a web page (status {status}). Something before the PACS may refuse every one.',
      any: 'Test with test instances. If they are refused too, allow POST to /studies in whatever stands before the PACS.',
      nginx: 'Look for what refuses POST: return {status}, limit_except, a firewall for web applications.',
    },
    stored: { ok: 'The PACS stored two test instances.' },
    'stored-and-lost': {
      fail: 'The PACS confirmed two test instances, and {seconds} s later it neither lists nor returns {lost} of them.',
      any: 'Look in the PACS for what discards them: a rule, a quota or a full disk. Until then it loses what it confirms.',
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
      fail: 'The PACS did not say what became of the test instance ({outcome}).',
      any: 'Look into the log of the PACS at this time.',
    },
    'stores-not-offered': {
      fail: 'The PACS takes no store requests here (status {status}).',
      any: 'Use a DICOMweb root with STOW-RS.',
      nginx: 'Allow POST in the location of the PACS (limit_except).',
      Orthanc: 'Check that the DICOMweb plugin is not read-only and no authorization plugin refuses POST.',
      dcm4chee: 'Use an AE title whose Web application has the service class STOW_RS.',
    },
    'stores-forbidden': {
      fail: 'The account may search, but not store (status {status}).',
      any: 'Give it the right to store.',
      nginx: 'Check limit_except and the firewall for web applications.',
      cloud: 'Give it the role of an editor, not of a viewer, of the DICOM store.',
    },
    'stores-fail': {
      fail: 'The PACS fails on a store request without instances ({outcome}).',
      any: 'Look into the log of the PACS at this time.',
    },
    'stores-all-fail': {
      fail: 'The PACS fails on every store request ({outcome}).',
      any: 'Look into the log of the PACS at this time, and check its disk and its load.',
    },
    'stores-no-room': {
      fail: 'The PACS has no room left (status 507).',
      any: 'Make room in the PACS. What waits at the gateway then goes there by itself.',
    },
  },
  'body-size': {
    'bodies-pass': { ok: 'Bodies of {bytes} are not refused.' },
    'bodies-limited': {
      warn: 'Bodies of more than {bytes} are refused ({outcome}), by the PACS or by a proxy before it. Larger instances cannot be stored.',
      ...BODY_CHANGE,
    },
    'bodies-too-small': {
      fail: 'Bodies of more than {bytes} are refused ({outcome}), by the PACS or by a proxy before it. That is less than an ordinary X-ray image.',
      ...BODY_CHANGE,
    },
    'bodies-untold': {
      warn: 'A body of {bytes} got no answer ({outcome}).',
      ...BODY_CHANGE,
    },
  },
  chunked: {
    'chunks-taken': { ok: 'Bodies without a length are taken.' },
    'chunks-refused': {
      warn: 'Bodies without a length are refused ({outcome}). RelayPACS always sends the length; other clients may not.',
      nginx: 'Set proxy_http_version 1.1, and leave proxy_request_buffering on: nginx then adds the length.',
    },
  },
  garbage: {
    'garbage-refused': { ok: 'Bytes that are not DICOM are refused (status {status}).' },
    'garbage-taken': {
      warn: 'Bytes that are not DICOM got status {status}: its answers do not say what was stored. RelayPACS searches for every instance anyway.',
      any: 'Keep RELAY_PACS_PROOF at digest or read-back-sample.',
    },
    'garbage-breaks': {
      warn: 'Bytes that are not DICOM make the PACS fail ({outcome}). One bad file may end a whole request.',
      any: 'Update the PACS. RelayPACS offers such instances alone.',
    },
  },
  lag: {
    'shown-at-once': { ok: 'A search shows at once what was stored.' },
    'shown-late': {
      warn: 'A search shows what was stored only after {seconds} s.',
      any: 'Save a lag of {minutes} minutes at the destination, or start the gateway with RELAY_PACS_LAG_MINUTES={minutes}.',
      nginx: 'Do not cache the answers of the PACS: proxy_cache off.',
    },
    'never-shown': {
      fail: 'A search did not show within {seconds} s what was stored.',
      any: 'If the PACS indexes later, save a lag of {minutes} minutes at the destination (RELAY_PACS_LAG_MINUTES). If it never shows it, a rule of the PACS moves or rejects it.',
      nginx: 'Do not cache the answers of the PACS: proxy_cache off.',
    },
    'not-there-to-show': {
      fail: 'A search does not show {lost} of the test instances {seconds} s later: the PACS no longer has them, and more time does not help.',
    },
  },
  'read-back': {
    'same-bytes': { ok: 'A test instance came back unchanged.' },
    'other-bytes': {
      warn: 'A test instance came back with other bytes. Reading back cannot prove anything at this PACS.',
      any: 'Save the proof "found" at the destination, or start the gateway with RELAY_PACS_PROOF=found.',
    },
    'not-read-back': {
      warn: 'A test instance did not come back ({outcome}).',
      any: 'Save the proof "found" at the destination, or start the gateway with RELAY_PACS_PROOF=found.',
    },
  },
  duplicates: {
    'first-kept': {
      ok: 'The PACS keeps the first of two instances with one UID. It answered the same bytes with {same}, other bytes with {other}.',
    },
    'last-kept': {
      warn: 'The PACS replaces an instance when another one with its UID arrives. RelayPACS never offers one; others may.',
      Orthanc: 'Set "OverwriteInstances" to false.',
      dcm4chee: 'Set the Overwrite Policy of the archive device to NEVER.',
    },
    'duplicates-untold': {
      skipped:
        'Which of two instances with one UID is kept cannot be seen: the PACS does not return them bit for bit.',
    },
  },
  removal: {
    removed: { ok: 'The test study was removed.' },
    'not-removed': {
      warn: 'The test study is still in the PACS: Patient ID {patient}, Study Instance UID {study}.',
      any: 'Delete it in the PACS: it does not let RelayPACS.',
      Orthanc: 'Its REST API beside /dicom-web removes it, where a proxy lets that through.',
      dcm4chee: 'Reject it in its user interface, then delete it.',
    },
    'removal-untold': {
      warn: 'Whether the test study is still in the PACS is unknown. Patient ID {patient}, Study Instance UID {study}.',
      any: 'Search the PACS for this Patient ID, and delete the study there if you find it.',
    },
    absent: { ok: 'Nothing of the test study is in the PACS.' },
    'nothing-to-remove': { skipped: 'Nothing was stored.' },
  },
} as const satisfies Diagnoses;
