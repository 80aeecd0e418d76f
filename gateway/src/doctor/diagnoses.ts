/**
 * Every diagnosis in one table: what was looked at, how bad it is, what it means, and what to change where.
 * `{name}` stands for a fact. Facts come from outside: control characters are written out and long ones cut.
 */

export const CHECKS = {
  name: 'Name',
  connection: 'Connection',
  certificate: 'TLS certificate',
  'certificate-name': 'TLS name',
  clock: 'Clock',
  authentication: 'Authentication',
  search: 'Search (QIDO-RS)',
  'uid-lists': 'Lists of UIDs',
  rows: 'Rows of a search',
  retrieval: 'Retrieval (WADO-RS)',
  'media-types': 'Media types',
  store: 'Store (STOW-RS)',
  'body-size': 'Largest body',
  chunked: 'Chunked bodies',
  garbage: 'Garbage',
  lag: 'Lag of the search',
  'read-back': 'Bit for bit',
  duplicates: 'Duplicates',
  removal: 'Removal',
  commitment: 'Storage commitment',
  cors: 'CORS',
} as const;

export type CheckName = keyof typeof CHECKS;
/** `skipped`: not looked at, and the sentence says why. */
export type Result = 'ok' | 'warn' | 'fail' | 'skipped';
/** Where something is changed; `any`: wherever it is. */
export type Place = 'any' | 'nginx' | 'Orthanc' | 'dcm4chee' | 'cloud';

type Diagnosis = {
  readonly check: CheckName;
  readonly result: Result;
  readonly says: string;
  readonly change?: Readonly<Partial<Record<Place, string>>>;
};

export type Finding = {
  readonly check: CheckName;
  readonly result: Result;
  readonly code: string;
  readonly says: string;
  readonly change: readonly { readonly at: Place; readonly text: string }[];
};

const NETWORK = {
  'name-found': { check: 'name', result: 'ok', says: '{host} is {addresses}.' },
  'name-unknown': {
    check: 'name',
    result: 'fail',
    says: 'No address is known for {host} ({code}).',
    change: {
      any: 'Check the spelling. If it is right, add the name to the DNS or to the hosts file of the gateway.',
      cloud: 'A private endpoint is known only inside its own network: link that network to the gateway.',
    },
  },
  'connection-open': { check: 'connection', result: 'ok', says: 'Port {port} answers.' },
  'connection-refused': {
    check: 'connection',
    result: 'fail',
    says: 'Nothing listens on port {port} of {host}.',
    change: {
      any: 'Start the PACS, or correct the port in the address.',
      nginx: 'Check the listen directive, and that nginx runs: systemctl status nginx.',
      Orthanc: 'Its port is "HttpPort" (8042 unless changed); "HttpServerEnabled" must be true.',
      dcm4chee: 'It listens on 8080 (http) and 8443 (https) unless changed.',
    },
  },
  'connection-silent': {
    check: 'connection',
    result: 'fail',
    says: 'Port {port} of {host} does not answer at all. A firewall probably drops the packets.',
    change: {
      any: 'Allow TCP from the gateway to {host}, port {port}.',
      cloud: 'Add the public address of the gateway to the list of allowed addresses.',
    },
  },
  'connection-failed': {
    check: 'connection',
    result: 'fail',
    says: '{host} cannot be reached ({code}).',
    change: { any: 'Check the network and the routes between the gateway and the PACS.' },
  },
  'name-is-address': { check: 'name', result: 'ok', says: '{host} is an address.' },
  'plain-loopback': {
    check: 'certificate',
    result: 'ok',
    says: 'Plain HTTP, on this machine only.',
  },
  'plain-network': {
    check: 'certificate',
    result: 'warn',
    says: 'The address begins with http: anybody on the way can read the password and the images.',
    change: {
      any: 'Use https.',
      nginx: 'Put nginx before the PACS: listen 443 ssl, ssl_certificate, ssl_certificate_key, proxy_pass.',
      Orthanc: 'Set "SslEnabled" to true and "SslCertificate" to a PEM file with certificate and key.',
      dcm4chee: 'Use its port 8443.',
    },
  },
  'certificate-trusted': {
    check: 'certificate',
    result: 'ok',
    says: 'The certificate is trusted. It is valid until {until}.',
  },
  'certificate-ends-soon': {
    check: 'certificate',
    result: 'warn',
    says: 'The certificate is trusted, but ends on {until}.',
    change: { any: 'Renew it before then. Nothing reaches the PACS afterwards.' },
  },
  'certificate-expired': {
    check: 'certificate',
    result: 'fail',
    says: 'The certificate ended on {until}.',
    change: {
      any: 'Renew it. If it is still valid, correct the clock of the gateway.',
      nginx: 'After the renewal, run nginx -s reload: it serves the old one until then.',
    },
  },
  'certificate-not-yet-valid': {
    check: 'certificate',
    result: 'fail',
    says: 'The certificate is valid only from {from}.',
    change: { any: 'Correct the clock of the gateway, or wait.' },
  },
  'certificate-private': {
    check: 'certificate',
    result: 'fail',
    says: 'The certificate was issued by {issuer}, which this machine does not trust ({code}).',
    change: {
      any: 'Save the certificate of that authority as a PEM file. Start the gateway with NODE_EXTRA_CA_CERTS=/path/ca.pem, and try it here with --ca /path/ca.pem.',
      nginx:
        'If the authority is a public one, the chain is incomplete: ssl_certificate must name a file with the certificate of the server and those of the intermediate authorities (fullchain.pem).',
    },
  },
  'certificate-invalid': {
    check: 'certificate',
    result: 'fail',
    says: 'The certificate is not accepted ({code}).',
    change: { any: 'Have a new certificate issued for this server.' },
  },
  'tls-failed': {
    check: 'certificate',
    result: 'fail',
    says: 'Port {port} does not speak TLS as this machine does ({code}).',
    change: {
      any: 'If the PACS serves plain HTTP on this port, begin the address with http. Otherwise allow TLS 1.2 or 1.3.',
      nginx: 'Write listen {port} ssl, and ssl_protocols TLSv1.2 TLSv1.3.',
    },
  },
  'client-certificate-wanted': {
    check: 'certificate',
    result: 'fail',
    says: 'The PACS asks for a client certificate ({code}).',
    change: { nginx: 'Set ssl_verify_client to off for the gateway, and protect it by a password.' },
  },
  'certificate-name-right': {
    check: 'certificate-name',
    result: 'ok',
    says: 'The certificate is for {host}.',
  },
  'certificate-name-wrong': {
    check: 'certificate-name',
    result: 'fail',
    says: 'The certificate is for {names}, not for {host}.',
    change: {
      any: 'Use a name that the certificate has, or have a certificate issued for {host}.',
      nginx: 'If another certificate was meant, check server_name: nginx chooses the certificate by it.',
    },
  },
  'plain-has-no-name': {
    check: 'certificate-name',
    result: 'skipped',
    says: 'Plain HTTP has no certificate.',
  },
  'clock-right': {
    check: 'clock',
    result: 'ok',
    says: 'The clocks of the PACS and of this machine agree.',
  },
  'clock-wrong': {
    check: 'clock',
    result: 'warn',
    says: 'The clock of the PACS is {seconds} s {direction} that of this machine.',
    change: {
      any: 'Set both by NTP (timedatectl set-ntp true). Tokens and certificates are refused otherwise.',
    },
  },
  'clock-untold': {
    check: 'clock',
    result: 'skipped',
    says: 'The PACS does not tell its time (no Date header).',
  },
} as const satisfies Record<string, Diagnosis>;

const ACCESS = {
  'credentials-taken': {
    check: 'authentication',
    result: 'ok',
    says: 'The PACS takes these credentials, and refuses callers without any.',
  },
  'open-to-all': {
    check: 'authentication',
    result: 'warn',
    says: 'The PACS answers anybody, with or without credentials.',
    change: {
      any: 'Let it ask for a password, or let only the gateway reach it.',
      nginx: 'Add auth_basic and auth_basic_user_file, or allow ADDRESS and deny all.',
      Orthanc: 'Set "AuthenticationEnabled" to true and add a user to "RegisteredUsers".',
      dcm4chee: 'Use the secured edition (Keycloak).',
    },
  },
  'credentials-wanted': {
    check: 'authentication',
    result: 'fail',
    says: 'The PACS asks for credentials (status {status}, scheme {scheme}).',
    change: {
      any: 'Give --authorization "Basic …" (base64 of user:password) or "Bearer …" here, and PACS_AUTHORIZATION to the gateway.',
      Orthanc: 'The users are in "RegisteredUsers".',
      dcm4chee: 'Keycloak issues the token.',
      cloud: 'Use a token of the service account that may read and write this DICOM store.',
    },
  },
  'credentials-refused': {
    check: 'authentication',
    result: 'fail',
    says: 'The PACS does not take these credentials (status {status}, scheme {scheme}).',
    change: {
      any: 'Check user and password, or whether the token has ended. Basic is the base64 of user:password.',
      nginx:
        'If nginx asks for a password of its own, it must pass the header on: proxy_pass_request_headers on.',
      Orthanc: 'Compare with "RegisteredUsers".',
      cloud: 'Check that the token is for this service and its account has the role to read and write.',
    },
  },
  forbidden: {
    check: 'authentication',
    result: 'fail',
    says: 'The PACS refuses this caller (status 403).',
    change: {
      any: 'Give the account the right to search, retrieve and store.',
      nginx: 'Check allow and deny, and that the firewall for web applications lets DICOMweb through.',
      Orthanc: 'Set "RemoteAccessAllowed" to true where the gateway runs on another machine.',
      cloud: 'Give the account the role of an editor of the DICOM store.',
    },
  },
  'proxy-wants-credentials': {
    check: 'authentication',
    result: 'fail',
    says: 'A proxy on the way asks for credentials (status 407).',
    change: { any: 'Let the gateway reach the PACS without that proxy.' },
  },
} as const satisfies Record<string, Diagnosis>;

const SEARCH = {
  searches: { check: 'search', result: 'ok', says: 'The PACS answers searches in DICOM JSON.' },
  redirected: {
    check: 'search',
    result: 'fail',
    says: 'The PACS sends the caller elsewhere (status {status}), to {target}.',
    change: {
      any: 'Use the address where the search ends, or credentials that need no sign-in page.',
      nginx: 'Exempt the DICOMweb location from auth_request and from rewriting.',
    },
  },
  'web-page': {
    check: 'search',
    result: 'fail',
    says: 'A web page answers there (status {status}), not DICOMweb.',
    change: {
      any: 'Use the DICOMweb root, not the address of the viewer or of the administration.',
      nginx: 'Add a location for DICOMweb that passes to the PACS (proxy_pass).',
      Orthanc: 'The root is http://HOST:8042/dicom-web.',
      dcm4chee: 'The root is http://HOST:8080/dcm4chee-arc/aets/AET/rs.',
      cloud:
        'Google: …/dicomStores/STORE/dicomWeb. Azure: https://WORKSPACE-SERVICE.dicom.azurehealthcareapis.com/v2.',
    },
  },
  'root-elsewhere': {
    check: 'search',
    result: 'fail',
    says: 'DICOMweb is not at this address, but at {root}.',
    change: { any: 'Use {root}.' },
  },
  'orthanc-without-dicomweb': {
    check: 'search',
    result: 'fail',
    says: 'Orthanc answers, but its DICOMweb plugin does not.',
    change: {
      Orthanc:
        'Install the plugin (Debian: apt-get install orthanc-dicomweb), name its folder in "Plugins", set "DicomWeb": {"Enable": true, "Root": "/dicom-web/"}, and restart Orthanc.',
    },
  },
  'no-dicomweb': {
    check: 'search',
    result: 'fail',
    says: 'No DICOMweb is offered at this address (status {status}).',
    change: {
      any: 'Check the path: it is the DICOMweb root, without /studies.',
      nginx: 'Check the slash at the end of proxy_pass: with it, nginx replaces the path of the location.',
      Orthanc: 'The root is http://HOST:8042/dicom-web, and needs the DICOMweb plugin.',
      dcm4chee: 'The root is http://HOST:8080/dcm4chee-arc/aets/AET/rs.',
      cloud:
        'Google: …/dicomStores/STORE/dicomWeb. Azure: https://WORKSPACE-SERVICE.dicom.azurehealthcareapis.com/v2.',
    },
  },
  'wants-tls': {
    check: 'search',
    result: 'fail',
    says: 'This port expects https.',
    change: { any: 'Begin the address with https.' },
  },
  'backend-away': {
    check: 'search',
    result: 'fail',
    says: 'A proxy answers, and cannot reach the PACS behind it (status {status}).',
    change: {
      any: 'Check that the PACS runs and that the proxy names its right address.',
      nginx: 'Compare proxy_pass with the address of the PACS; the reason is in error.log.',
    },
  },
  'search-fails': {
    check: 'search',
    result: 'fail',
    says: 'The PACS fails when it is asked for its studies ({outcome}).',
    change: { any: 'Look into the log of the PACS at this time.' },
  },
  'search-not-dicom': {
    check: 'search',
    result: 'fail',
    says: 'The answer to a search is not DICOM JSON (status {status}, type {type}).',
    change: { any: 'Check the address. RelayPACS needs searches in application/dicom+json.' },
  },
  'lists-known': {
    check: 'uid-lists',
    result: 'ok',
    says: 'A search takes several UIDs at once.',
  },
  'lists-unknown': {
    check: 'uid-lists',
    result: 'warn',
    says: 'A search with two UIDs found {count} of the two: the PACS does not take lists. RelayPACS asks for one instance at a time, which is correct and slower.',
    change: {
      any: 'Ask the vendor for UID List Matching (PS3.18 §8.3.4.1).',
      nginx: 'Check that no rule rewrites or refuses commas in the query.',
      Orthanc: 'Update the DICOMweb plugin.',
      dcm4chee: 'Update it.',
    },
  },
  'lists-untried': {
    check: 'uid-lists',
    result: 'skipped',
    says: 'The PACS names fewer than two instances. With --store it is given two.',
  },
  'rows-paged': {
    check: 'rows',
    result: 'ok',
    says: 'Limit and offset are respected{capped}.',
  },
  'limit-ignored': {
    check: 'rows',
    result: 'warn',
    says: 'The PACS gives {count} rows where one was asked for: it ignores limit. Large searches are slow.',
    change: {
      any: 'Ask the vendor for limit and offset (PS3.18 §8.3.4.4).',
      nginx: 'Check that proxy_pass keeps the query of the address.',
    },
  },
  'offset-ignored': {
    check: 'rows',
    result: 'warn',
    says: 'The PACS ignores offset: it names {rows} rows at most. Larger studies are confirmed instance by instance.',
    change: {
      any: 'Raise its limit of rows above the largest study, or ask the vendor for offset.',
      Orthanc: 'Set "LimitFindInstances" to 0.',
      dcm4chee: 'Raise its limit of rows for QIDO-RS.',
    },
  },
  'rows-untried': {
    check: 'rows',
    result: 'skipped',
    says: 'The PACS names fewer than two instances. With --store it is given two.',
  },
} as const satisfies Record<string, Diagnosis>;

const INSTANCES = {
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
    says: 'The PACS names no instance. With --store it is given one.',
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
    says: 'The PACS takes store requests. With --store a test instance is stored and removed.',
  },
  stored: { check: 'store', result: 'ok', says: 'The PACS stored two test instances.' },
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
} as const satisfies Record<string, Diagnosis>;

const BODY_CHANGE = {
  any: 'Raise the limit of whatever stands before the PACS to the size of its largest instance (2 GB is safe).',
  nginx:
    'In the server or location of the PACS: client_max_body_size 0; proxy_request_buffering off; then nginx -s reload.',
  dcm4chee: 'Raise max-post-size of the HTTP listener of WildFly.',
  cloud: 'Use the endpoint of the DICOM service itself: API gateways often end at 10 MB.',
} as const;

const BODIES = {
  'bodies-pass': {
    check: 'body-size',
    result: 'ok',
    says: 'Bodies of {bytes} are not refused.',
  },
  'bodies-limited': {
    check: 'body-size',
    result: 'warn',
    says: 'Bodies of more than {bytes} are refused ({outcome}). Larger instances cannot be stored.',
    change: BODY_CHANGE,
  },
  'bodies-too-small': {
    check: 'body-size',
    result: 'fail',
    says: 'Bodies of more than {bytes} are refused ({outcome}). That is less than an ordinary X-ray image.',
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

const STORED = {
  'shown-at-once': { check: 'lag', result: 'ok', says: 'A search shows at once what was stored.' },
  'shown-late': {
    check: 'lag',
    result: 'warn',
    says: 'A search shows what was stored only after {seconds} s.',
    change: {
      any: 'Start the gateway with RELAY_PACS_LAG_MINUTES={minutes}.',
      nginx: 'Do not cache the answers of the PACS: proxy_cache off.',
    },
  },
  'never-shown': {
    check: 'lag',
    result: 'fail',
    says: 'A search did not show within {seconds} s what was stored.',
    change: {
      any: 'If the PACS indexes later, start the gateway with RELAY_PACS_LAG_MINUTES={minutes}. If it never shows it, a rule of the PACS moves or rejects it.',
      nginx: 'Do not cache the answers of the PACS: proxy_cache off.',
    },
  },
  'same-bytes': {
    check: 'read-back',
    result: 'ok',
    says: 'A test instance came back bit for bit.',
  },
  'other-bytes': {
    check: 'read-back',
    result: 'warn',
    says: 'A test instance came back with other bytes. Reading back cannot prove anything at this PACS.',
    change: { any: 'Start the gateway with RELAY_PACS_PROOF=found.' },
  },
  'not-read-back': {
    check: 'read-back',
    result: 'warn',
    says: 'A test instance did not come back ({outcome}).',
    change: { any: 'Start the gateway with RELAY_PACS_PROOF=found.' },
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
      any: 'Delete it in the PACS. DICOMweb cannot.',
      Orthanc: 'Its REST API beside /dicom-web removes it, where a proxy lets that through.',
      dcm4chee: 'Reject it there (Incorrect Worklist Entry Selected), then delete it.',
    },
  },
  'nothing-to-remove': { check: 'removal', result: 'skipped', says: 'Nothing was stored.' },
} as const satisfies Record<string, Diagnosis>;

const EXTRAS = {
  'commitment-offered': {
    check: 'commitment',
    result: 'ok',
    says: 'The PACS offers storage commitment (PS3.18 chapter 13).',
  },
  'commitment-absent': {
    check: 'commitment',
    result: 'ok',
    says: 'The PACS offers no storage commitment, as most do not. RelayPACS searches for every instance instead.',
  },
  'cors-absent': {
    check: 'cors',
    result: 'ok',
    says: 'Pages of other origins may not read the PACS. RelayPACS does not need that. A viewer that talks to the PACS itself does.',
    change: {
      nginx:
        'For such a viewer only: add_header Access-Control-Allow-Origin https://VIEWER always; Access-Control-Allow-Headers "Authorization, Accept, Content-Type"; answer OPTIONS with 204.',
    },
  },
  'cors-some': {
    check: 'cors',
    result: 'ok',
    says: 'The PACS lets pages of {origin} read it.',
  },
  'cors-any': {
    check: 'cors',
    result: 'warn',
    says: 'The PACS lets pages of every origin read it{credentials}.',
    change: {
      nginx: 'Name the viewer in Access-Control-Allow-Origin instead of * or $http_origin.',
      Orthanc: 'Remove the header where a proxy or a plugin adds it.',
      dcm4chee: 'Name the viewer in the CORS filter of WildFly.',
    },
  },
} as const satisfies Record<string, Diagnosis>;

const DIAGNOSES = { ...NETWORK, ...ACCESS, ...SEARCH, ...INSTANCES, ...BODIES, ...STORED, ...EXTRAS };
export type DiagnosisCode = keyof typeof DIAGNOSES;

const PLACES: readonly Place[] = ['any', 'nginx', 'Orthanc', 'dcm4chee', 'cloud'];

export type Facts = Readonly<Record<string, string | number>>;

/** Throws where a fact of the sentence is missing. */
export function diagnose(code: DiagnosisCode, facts: Facts = {}): Finding {
  const { check, result, says, change = {} }: Diagnosis = DIAGNOSES[code];
  const changes = PLACES.flatMap((at) => {
    const text = change[at];
    return text === undefined ? [] : [{ at, text: fill(text, facts) }];
  });
  return { check, result, code, says: fill(says, facts), change: changes };
}

/** A check that was not made. */
export const skipped = (check: CheckName, says: string): Finding => ({
  check,
  result: 'skipped',
  code: 'skipped',
  says,
  change: [],
});

function fill(text: string, facts: Facts): string {
  return text.replace(/\{([a-z]+)\}/g, (_, name: string) => {
    const fact = facts[name];
    if (fact === undefined) throw new Error(`a diagnosis lacks the fact ${name}`);
    return harmless(String(fact));
  });
}

/** A certificate or a header of a hostile server must not steer the terminal, nor fill it. */
function harmless(text: string): string {
  const written = text.replace(/[^\x20-\x7e]/g, (character) => {
    const point = character.codePointAt(0)!;
    return /[\p{L}\p{N}]/u.test(character) ? character : `\\u${point.toString(16).padStart(4, '0')}`;
  });
  return written.length > 200 ? `${written.slice(0, 200)}…` : written;
}
