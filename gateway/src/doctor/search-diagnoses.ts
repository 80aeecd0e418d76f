/** Diagnoses of searches, and of features that only other programs need. `{name}` is a placeholder for a fact. */
import type { Diagnoses } from './checks.ts';

export const OF_SEARCH = {
  search: {
    searches: { ok: 'The PACS answers searches in DICOM JSON.' },
    redirected: {
      fail: 'The PACS sends the caller elsewhere (status {status}), to {target}.',
      any: 'Use the address where the search ends, or credentials that need no sign-in page.',
      nginx: 'Exempt the DICOMweb location from auth_request and from rewriting.',
    },
    'web-page': {
      fail: 'A web page answers there (status {status}), not DICOMweb.',
      any: 'Use the DICOMweb root, not the address of the viewer or of the administration.',
      nginx: 'Add a location for DICOMweb that passes to the PACS (proxy_pass).',
      Orthanc: 'The root is http://HOST:8042/dicom-web.',
      dcm4chee: 'The root is http://HOST:8080/dcm4chee-arc/aets/AET/rs.',
      cloud:
        'Google: …/dicomStores/STORE/dicomWeb. Azure: https://WORKSPACE-SERVICE.dicom.azurehealthcareapis.com/v2.',
    },
    'root-elsewhere': {
      fail: 'DICOMweb is not at this address, but at {root}.',
      any: 'Use {root}.',
    },
    'orthanc-without-dicomweb': {
      fail: 'Orthanc answers, but its DICOMweb plugin does not.',
      Orthanc:
        'Install the plugin (Debian: apt-get install orthanc-dicomweb), name its folder in "Plugins", set "DicomWeb": {"Enable": true, "Root": "/dicom-web/"}, and restart Orthanc.',
    },
    'no-dicomweb': {
      fail: 'No DICOMweb is offered at this address (status {status}).',
      any: 'Check the path: it is the DICOMweb root, without /studies.',
      nginx: 'Check the slash at the end of proxy_pass: with it, nginx replaces the path of the location.',
      Orthanc: 'The root is http://HOST:8042/dicom-web, and needs the DICOMweb plugin.',
      dcm4chee: 'The root is http://HOST:8080/dcm4chee-arc/aets/AET/rs.',
      cloud:
        'Google: …/dicomStores/STORE/dicomWeb. Azure: https://WORKSPACE-SERVICE.dicom.azurehealthcareapis.com/v2.',
    },
    'wants-tls': {
      fail: 'This port expects https.',
      any: 'Begin the address with https.',
    },
    'not-http': {
      fail: 'Port {port} gives no answer in HTTP ({outcome}).',
      any: 'Check the port. If it is one of DIMSE (often 104, 4242 or 11112), choose DIMSE instead of DICOMweb, or give the port of the web server.',
      Orthanc: 'Its port for DICOMweb is "HttpPort" (8042 unless changed), not "DicomPort".',
      dcm4chee: 'Its port for DICOMweb is 8080 (http) or 8443 (https), not 11112.',
    },
    'backend-away': {
      fail: 'A proxy answers, and cannot reach the PACS behind it (status {status}).',
      any: 'Check that the PACS runs and that the proxy names its right address.',
      nginx: 'Compare proxy_pass with the address of the PACS; the reason is in error.log.',
    },
    'search-fails': {
      fail: 'The PACS fails when it is asked for its studies ({outcome}).',
      any: 'Look into the log of the PACS at this time.',
    },
    'search-not-dicom': {
      fail: 'The answer to a search is not DICOM JSON (status {status}, type {type}).',
      any: 'Check the address. RelayPACS needs searches in application/dicom+json.',
    },
  },
  rest: {
    'rest-answers': { ok: 'Orthanc’s REST API answers.' },
    'rest-absent': {
      fail: 'The PACS answers, but its REST API does not answer as Orthanc’s.',
      any: 'Choose the kind DICOMweb, unless it is an Orthanc.',
      nginx: 'Let /system, /tools/lookup, /instances and /studies beside /dicom-web through.',
    },
  },
  'uid-lists': {
    'lists-known': { ok: 'A search takes several UIDs at once.' },
    'lists-unknown': {
      warn: 'A search with two UIDs found {count} of the two: the PACS does not take lists. RelayPACS asks for one instance at a time, which is correct and slower.',
      any: 'Ask the vendor for UID List Matching (PS3.18 §8.3.4.1).',
      nginx: 'Check that no rule rewrites or refuses commas in the query.',
      Orthanc: 'Update the DICOMweb plugin.',
      dcm4chee: 'Update it.',
    },
    'lists-untried': { skipped: 'The PACS names fewer than two instances. With --store it is given two.' },
  },
  rows: {
    'rows-paged': { ok: 'Limit and offset are respected{capped}.' },
    'limit-ignored': {
      warn: 'The PACS gives {count} rows where one was asked for: it ignores limit. Large searches are slow.',
      any: 'Ask the vendor for limit and offset (PS3.18 §8.3.4.4).',
      nginx: 'Check that proxy_pass keeps the query of the address.',
    },
    'offset-ignored': {
      warn: 'The PACS ignores offset: it names {rows} rows at most. Larger studies are confirmed instance by instance.',
      any: 'Raise its limit of rows above the largest study, or ask the vendor for offset.',
      Orthanc: 'Set "LimitFindInstances" to 0.',
      dcm4chee: 'Raise its limit of rows for QIDO-RS.',
    },
    'rows-untried': { skipped: 'The PACS names fewer than two instances. With --store it is given two.' },
  },
  commitment: {
    'commitment-offered': {
      ok: 'The PACS offers storage commitment (PS3.18 chapter 13). The destination can ask for it.',
    },
    'commitment-missing': {
      fail: 'The PACS takes no storage commitment, which this destination asks for. Nothing counts as stored there.',
      any: 'Turn it on in the PACS for the gateway, or turn it off at the destination.',
    },
    'commitment-absent': {
      ok: 'The PACS offers no storage commitment, as most do not. RelayPACS searches for every instance instead.',
    },
  },
  cors: {
    'cors-absent': {
      ok: 'Pages of other origins may not read the PACS. RelayPACS does not need that. A viewer that talks to the PACS itself does.',
      nginx:
        'For such a viewer only: add_header Access-Control-Allow-Origin https://VIEWER always; Access-Control-Allow-Headers "Authorization, Accept, Content-Type"; answer OPTIONS with 204.',
    },
    'cors-some': { ok: 'The PACS lets pages of {origin} read it.' },
    'cors-any': {
      warn: 'The PACS lets pages of every origin read it{credentials}.',
      nginx: 'Name the viewer in Access-Control-Allow-Origin instead of * or $http_origin.',
      Orthanc: 'Remove the header where a proxy or a plugin adds it.',
      dcm4chee: 'Name the viewer in the CORS filter of WildFly.',
    },
  },
} as const satisfies Diagnoses;
