/** Diagnoses of the connection to a PACS and of access to it. `{name}` is a placeholder for a fact. */
import type { Diagnoses } from './checks.ts';

export const OF_WAY = {
  name: {
    'name-found': { ok: '{host} is {addresses}.' },
    'name-unknown': {
      fail: 'The name {host} cannot be resolved to an address ({code}).',
      any: 'Check the spelling. If it is right, add the name to the DNS or to the hosts file of the gateway.',
      cloud:
        'A private endpoint can be found only from its own network. Connect that network to the gateway.',
    },
    'name-is-address': { ok: '{host} is an address.' },
  },
  connection: {
    'connection-open': { ok: 'Port {port} responds.' },
    'connection-refused': {
      fail: 'No program is listening on port {port} of {host}.',
      any: 'Start the PACS, or correct the port in the address.',
      nginx: 'Check the listen directive, and check that nginx is running: systemctl status nginx.',
      Orthanc: 'Its port is "HttpPort" (8042 unless changed); "HttpServerEnabled" must be true.',
      dcm4chee: 'It listens on 8080 (http) and 8443 (https) unless changed.',
    },
    'connection-silent': {
      fail: 'Port {port} of {host} does not respond at all. A firewall probably drops the packets.',
      any: 'Allow TCP from the gateway to {host}, port {port}.',
      cloud: 'Add the public address of the gateway to the list of allowed addresses.',
    },
    'too-slow': {
      fail: 'The PACS responds too slowly to work with it.',
      any: 'Check the load of the PACS and the network connection between it and the gateway.',
    },
    'connection-failed': {
      fail: '{host} cannot be reached ({code}).',
      any: 'Check the network and the routes between the gateway and the PACS.',
    },
    'address-blocked': {
      fail: '{host} leads to a link-local address. The gateway does not connect to those.',
      any: 'Enter another address of the PACS. If it has no other, start the gateway with RELAY_LINK_LOCAL=allow.',
      cloud: 'Cloud metadata services have such addresses. A PACS does not.',
    },
  },
  certificate: {
    'plain-loopback': { ok: 'Without TLS, on this machine only.' },
    'plain-network': {
      warn: 'The address begins with http: anyone on the network path can read the password and the images.',
      any: 'Use https.',
      nginx:
        'Put nginx in front of the PACS: listen 443 ssl, ssl_certificate, ssl_certificate_key, proxy_pass.',
      Orthanc: 'Set "SslEnabled" to true and "SslCertificate" to a PEM file with certificate and key.',
      dcm4chee: 'Use its port 8443.',
    },
    'certificate-trusted': { ok: 'The certificate is trusted. It is valid until {until}.' },
    'certificate-ends-soon': {
      warn: 'The certificate is trusted, but expires on {until}.',
      any: 'Renew it before then. After that, nothing can be sent to the PACS.',
    },
    'certificate-expired': {
      fail: 'The certificate expired on {until}.',
      any: 'Renew it. If it is still valid, correct the clock of the gateway.',
      nginx: 'After renewing it, run nginx -s reload. Until then, nginx uses the old one.',
    },
    'certificate-not-yet-valid': {
      fail: 'The certificate is valid only from {from}.',
      any: 'Correct the clock of the gateway, or wait.',
    },
    'certificate-private': {
      fail: 'The certificate was issued by {issuer}, which this machine does not trust ({code}).',
      any: 'Choose the certificate file of that authority at the destination, or use --ca FILE with relay doctor. For PACS_URL, start with NODE_EXTRA_CA_CERTS=FILE.',
      nginx:
        'If the authority is a public one, the chain is incomplete: ssl_certificate must name a file with the certificate of the server and those of the intermediate authorities (fullchain.pem).',
    },
    'certificate-invalid': {
      fail: 'The certificate is not accepted ({code}).',
      any: 'Have a new certificate issued for this server.',
    },
    'tls-failed': {
      fail: 'No TLS connection on port {port} ({code}).',
      any: 'If the PACS serves plain HTTP on this port, start the address with http. Otherwise allow TLS 1.2 or 1.3.',
      nginx: 'Write listen {port} ssl, and ssl_protocols TLSv1.2 TLSv1.3.',
    },
    'client-certificate-wanted': {
      fail: 'The PACS requires a client certificate ({code}).',
      nginx: 'Set ssl_verify_client to off for the gateway, and protect it by a password.',
    },
  },
  'certificate-name': {
    'certificate-name-right': { ok: 'The certificate is for {host}.' },
    'certificate-name-wrong': {
      fail: 'The certificate is for {names}, not for {host}.',
      any: 'Use a name from the certificate, or have a certificate issued for {host}.',
      nginx: 'If this is the wrong certificate, check server_name. nginx uses it to choose the certificate.',
    },
    'plain-has-no-name': { skipped: 'Without TLS there is no certificate.' },
  },
  clock: {
    'clock-right': { ok: 'The clocks of the PACS and of this machine agree.' },
    'clock-wrong': {
      warn: 'The clock of the PACS is {seconds} s {direction} that of this machine.',
      any: 'Synchronize both clocks by NTP (timedatectl set-ntp true). Otherwise tokens and certificates are refused.',
    },
    'clock-untold': { skipped: 'The PACS does not report its time (no Date header).' },
  },
  authentication: {
    'credentials-taken': {
      ok: 'The PACS accepts these credentials and refuses requests without credentials.',
    },
    'open-to-all': {
      warn: 'The PACS accepts requests without credentials.',
      any: 'Make it require a password, or allow only the gateway to reach it.',
      nginx: 'Add auth_basic and auth_basic_user_file, or allow ADDRESS and deny all.',
      Orthanc: 'Set "AuthenticationEnabled" to true and add a user to "RegisteredUsers".',
      dcm4chee: 'Use the secured edition (Keycloak).',
    },
    'credentials-wanted': {
      fail: 'The PACS requires credentials (status {status}, scheme {scheme}).',
      any: 'Enter user and password, or a token, at the destination. On the command line: --authorization "Basic …" (base64 of user:password), and PACS_AUTHORIZATION for the gateway.',
      Orthanc: 'The users are in "RegisteredUsers".',
      dcm4chee: 'Keycloak issues the token.',
      cloud: 'Use a token of a service account that can read and write this DICOM store.',
    },
    'credentials-refused': {
      fail: 'The PACS does not accept these credentials (status {status}, scheme {scheme}).',
      any: 'Enter the user name and the password again, or a token that has not expired. On the command line, "Basic" is followed by the base64 of user:password.',
      nginx:
        'If it asks for the password (auth_basic), compare with the file of auth_basic_user_file. If the PACS asks, remove proxy_set_header Authorization: nginx then passes it on.',
      Orthanc: 'Compare with "RegisteredUsers".',
      cloud: 'Check that the token is for this service and its account has the role to read and write.',
    },
    forbidden: {
      fail: 'The PACS refuses access (status 403).',
      any: 'Give the account permission to search, retrieve and store.',
      nginx: 'Check allow and deny, and check that the web application firewall allows DICOMweb.',
      Orthanc: 'Set "RemoteAccessAllowed" to true where the gateway runs on another machine.',
      cloud: 'Give the account the role of an editor of the DICOM store.',
    },
    'no-access-token': {
      fail: 'The authorization server does not issue an access token.',
      any: 'Check the token address, the client ID, the client secret and the scope.',
    },
    'access-token-malformed': {
      fail: 'The authorization server issues an access token that cannot be sent. It contains characters that RFC 6750 §2.1 does not allow, or is larger than 16 KiB.',
      any: 'Check that the token address belongs to the authorization server, and how it creates tokens.',
    },
    'token-address-blocked': {
      fail: 'The token address leads to a link-local address. The gateway does not connect to those.',
      any: 'Correct the token address. If the authorization server has no other, start the gateway with RELAY_LINK_LOCAL=allow.',
    },
    'secrets-unreadable': {
      fail: 'The saved password can no longer be read, because the key of the gateway has changed.',
      any: 'Enter it again.',
    },
    'proxy-wants-credentials': {
      fail: 'A proxy on the network path requires credentials (status 407).',
      any: 'Allow the gateway to reach the PACS without that proxy.',
    },
  },
} as const satisfies Diagnoses;
