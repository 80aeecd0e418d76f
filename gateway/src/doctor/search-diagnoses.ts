/** Diagnoses of searches, and of features that only other programs need. `{name}` is a placeholder for a fact. */
import type { Diagnoses } from './checks.ts';

export const OF_SEARCH = {
  search: {
    searches: { ok: 'The PACS answers searches in DICOM JSON.' },
    redirected: {
      fail: 'The PACS redirects requests to {target} (status {status}).',
      any: 'Use the address at the end of the redirects, or credentials that do not need a sign-in page.',
      nginx: 'Exempt the DICOMweb location from auth_request and from rewriting.',
    },
    'web-page': {
      fail: 'This address returns a web page (status {status}), not DICOMweb.',
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
      fail: 'There is no DICOMweb at this address (status {status}).',
      any: 'Check the path: use the DICOMweb root, without /studies.',
      nginx: 'Check the slash at the end of proxy_pass: with it, nginx replaces the path of the location.',
      Orthanc: 'The root is http://HOST:8042/dicom-web, and needs the DICOMweb plugin.',
      dcm4chee: 'The root is http://HOST:8080/dcm4chee-arc/aets/AET/rs.',
      cloud:
        'Google: …/dicomStores/STORE/dicomWeb. Azure: https://WORKSPACE-SERVICE.dicom.azurehealthcareapis.com/v2.',
    },
    'wants-tls': {
      fail: 'This port expects https.',
      any: 'Start the address with https.',
    },
    'not-http': {
      fail: 'Port {port} does not respond with HTTP ({outcome}).',
      any: 'Check the port. If it is a DIMSE port (often 104, 4242 or 11112), choose DIMSE instead of DICOMweb, or enter the port of the web server.',
      Orthanc: 'Its port for DICOMweb is "HttpPort" (8042 unless changed), not "DicomPort".',
      dcm4chee: 'Its port for DICOMweb is 8080 (http) or 8443 (https), not 11112.',
    },
    'backend-away': {
      fail: 'A proxy responds, but it cannot reach the PACS behind it (status {status}).',
      any: 'Check that the PACS is running and that the proxy has its correct address.',
      nginx: 'Compare proxy_pass with the address of the PACS; the reason is in error.log.',
    },
    'search-fails': {
      fail: 'The PACS fails when searched for studies ({outcome}).',
      any: 'Check the log of the PACS at this time.',
    },
    'search-not-dicom': {
      fail: 'The answer to a search is not DICOM JSON (status {status}, type {type}).',
      any: 'Check the address. RelayPACS needs searches in application/dicom+json.',
    },
  },
  rest: {
    'rest-answers': { ok: 'Orthanc’s REST API answers.' },
    'rest-absent': {
      fail: 'The PACS responds, but its REST API is not that of Orthanc.',
      any: 'Choose the type DICOMweb, unless the PACS is an Orthanc.',
      nginx: 'Let /system, /tools/lookup, /instances and /studies beside /dicom-web through.',
    },
  },
  'uid-lists': {
    'lists-known': { ok: 'The PACS supports searching for several UIDs at once.' },
    'lists-unknown': {
      warn: 'A search for two UIDs found {count} of them: the PACS does not support UID lists. RelayPACS asks for one instance at a time, which works but is slower.',
      any: 'Ask the vendor for UID List Matching (PS3.18 §8.3.4.1).',
      nginx: 'Check that no rule rewrites or refuses commas in the query.',
      Orthanc: 'Update the DICOMweb plugin.',
      dcm4chee: 'Update it.',
    },
    'lists-untried': {
      skipped: 'The PACS lists fewer than two instances. A test with test instances (--store) stores two.',
    },
  },
  rows: {
    'rows-paged': { ok: 'Limit and offset are respected{capped}.' },
    'limit-ignored': {
      warn: 'The PACS returned {count} rows instead of one, because it ignores limit. Large searches are slow.',
      any: 'Ask the vendor for limit and offset (PS3.18 §8.3.4.4).',
      nginx: 'Check that proxy_pass keeps the query of the address.',
    },
    'offset-ignored': {
      warn: 'The PACS ignores offset and lists at most {rows} rows. Larger studies are confirmed instance by instance.',
      any: 'Raise its limit of rows above the largest study, or ask the vendor for offset.',
      Orthanc: 'Set "LimitFindInstances" to 0.',
      dcm4chee: 'Raise its limit of rows for QIDO-RS.',
    },
    'rows-untried': {
      skipped: 'The PACS lists fewer than two instances. A test with test instances (--store) stores two.',
    },
  },
  commitment: {
    'commitment-offered': {
      ok: 'The PACS supports storage commitment (PS3.18 chapter 13). The destination can request it.',
    },
    'commitment-missing': {
      fail: 'The PACS does not support storage commitment, which this destination requires. Nothing counts as stored there.',
      any: 'Turn it on in the PACS for the gateway, or turn it off at the destination.',
    },
    'commitment-absent': {
      ok: 'The PACS does not support storage commitment. Most do not. RelayPACS searches for every instance instead.',
    },
  },
  cors: {
    'cors-absent': {
      ok: 'The PACS does not allow web pages of other origins to read it. RelayPACS does not need this, but a viewer that connects directly to the PACS does.',
      nginx:
        'For such a viewer only: add_header Access-Control-Allow-Origin https://VIEWER always; Access-Control-Allow-Headers "Authorization, Accept, Content-Type"; answer OPTIONS with 204.',
    },
    'cors-some': { ok: 'The PACS allows web pages of {origin} to read it.' },
    'cors-any': {
      warn: 'The PACS allows web pages of every origin to read it{credentials}.',
      nginx: 'Name the viewer in Access-Control-Allow-Origin instead of * or $http_origin.',
      Orthanc: 'Remove the header where a proxy or a plugin adds it.',
      dcm4chee: 'Name the viewer in the CORS filter of WildFly.',
    },
  },
} as const satisfies Diagnoses;
