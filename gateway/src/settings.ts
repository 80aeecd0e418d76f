/**
 * All settings in one table: the environment variables that the gateway and `npm start` read. Code that uses another
 * name does not compile. scripts/generate-settings.ts writes the tables of docs/install.md and of the README from it.
 *
 * The table says what each value looks like on its own; config.ts checks that the settings fit together.
 */
import { LAG_MINUTES_LIMIT } from '#shared/protocol/destination.ts';

/** A heading of docs/install.md. */
type Group =
  | 'The network'
  | 'Data and accounts'
  | 'Uploads and devices'
  | 'The PACS'
  | 'Modalities (DIMSE)'
  | 'The built-in viewer';

/**
 * A whole number from `from` to `to`. `expected`: the words for the number in an error message. `atZero`: what 0 means.
 */
type Count = {
  readonly kind: 'hours' | 'minutes' | 'requests a minute';
  readonly default: number;
  readonly from: number;
  readonly to: number;
  readonly expected: string;
  readonly atZero?: string;
};
type Choice = {
  readonly kind: 'choice';
  readonly default: string | null;
  readonly choices: readonly string[];
  readonly example?: string;
};
/** A port from 1 to 65535. `example`: given where there is no default. */
type Port =
  | { readonly kind: 'port'; readonly default: number }
  | { readonly kind: 'port'; readonly default: null; readonly example: number };
/** Text of any other form. The code that reads it checks it. */
type Text = {
  readonly kind: 'address' | 'addresses' | 'AE title' | 'file' | 'folder' | 'header' | 'password' | 'URL';
  readonly default: string | null;
};

/**
 * `default` null: there is no default, and `without` says what happens without a value. If there are both, people are
 * shown `without`. `meaning`: one sentence in Markdown, with links relative to docs/. `isSecret`: the value may come
 * from a file, and is removed from the environment. `isCommon`: people often change this setting, so the README lists
 * it too.
 */
export type Setting = (Count | Choice | Port | Text) & {
  readonly group: Group;
  readonly without?: string;
  readonly meaning: string;
  readonly isSecret?: true;
  readonly isCommon?: true;
};

export const SETTINGS = {
  RELAY_WEB_PORT: {
    group: 'The network',
    kind: 'port',
    default: 3000,
    meaning: 'the web app, and the API under `/api/`',
    isCommon: true,
  },
  RELAY_PORT: { group: 'The network', kind: 'port', default: 8080, meaning: 'the API' },
  RELAY_PUBLIC_URL: {
    group: 'The network',
    kind: 'URL',
    default: null,
    without: 'the loopback',
    meaning: 'where users find it; `https:` unless it is the loopback',
    isCommon: true,
  },
  RELAY_HOST: {
    group: 'The network',
    kind: 'address',
    default: '127.0.0.1',
    without: 'the loopback',
    meaning: 'the address on which both ports listen; another one needs TLS or trusted proxies',
  },
  RELAY_LAN_PORT: {
    group: 'The network',
    kind: 'port',
    default: 3080,
    meaning:
      'with `npm start -- --lan`: the pages that say how a tablet comes to trust it ([Tablets of a ward](#tablets-of-a-ward))',
  },
  RELAY_TLS_CERT: {
    group: 'The network',
    kind: 'file',
    default: null,
    without: 'none: plain HTTP',
    meaning:
      'the certificate with its chain, in PEM: with it both ports serve TLS. Looked at every minute: a renewed pair is served without a restart',
  },
  RELAY_TLS_KEY: {
    group: 'The network',
    kind: 'file',
    default: null,
    meaning: 'the key of that certificate, in PEM, without a password',
  },
  RELAY_TRUSTED_PROXIES: {
    group: 'The network',
    kind: 'addresses',
    default: null,
    meaning:
      'addresses or blocks (`10.1.0.0/24`; no wider than `/8`) of the proxies before it: their `X-Forwarded-For` is believed',
  },
  RELAY_RATE_LIMIT: {
    group: 'The network',
    kind: 'requests a minute',
    // 100 a second. A device that fills a gigabit link needs 16 (a PATCH takes 8 MiB), and one that sends many tiny
    // studies about 30. Below that uploads would stall; far above it, one script could lock everybody else out.
    default: 6_000,
    from: 1,
    to: 999_999_999,
    expected: 'the requests that one caller may make in a minute, or off',
    meaning:
      'for one device, session or API key; four times as many for all of one account; or `off` (on the loopback only)',
  },
  RELAY_DATA_DIR: {
    group: 'Data and accounts',
    kind: 'folder',
    default: './data',
    meaning: 'keys, database, parcels, the embedded PACS: back it up as a whole',
    isCommon: true,
  },
  RELAY_BACKUP_DIR: {
    group: 'Data and accounts',
    kind: 'folder',
    default: null,
    without: '`backups` in the data directory',
    meaning: 'backups, better on another disk: [Backup](operate.md#backup-and-restore)',
  },
  RELAY_LOG_FILE: {
    group: 'Data and accounts',
    kind: 'file',
    default: null,
    without: 'stdout; at a terminal `gateway.log` in the data directory',
    meaning:
      'the log of the gateway that `npm start` runs, turned over at 64 MiB: [The log](operate.md#the-log)',
  },
  RELAY_SECRETS_DIR: {
    group: 'Data and accounts',
    kind: 'folder',
    default: null,
    meaning:
      'files with secrets that a configuration may name: [Configuration](operate.md#configuration-as-a-file)',
  },
  DATABASE_URL: {
    group: 'Data and accounts',
    kind: 'URL',
    default: null,
    without: 'embedded PostgreSQL',
    meaning: 'a PostgreSQL server of your own',
    isSecret: true,
    isCommon: true,
  },
  BLOB_URL: {
    group: 'Data and accounts',
    kind: 'URL',
    default: null,
    without: '`file:` in the data directory',
    meaning: 'where parcels lie; `s3:` is not supported yet',
  },
  RELAY_ADMIN_PASSWORD: {
    group: 'Data and accounts',
    kind: 'password',
    default: null,
    without: 'made and printed once',
    meaning:
      'password of the first user, `admin`; read at the first start only (lost: [install.md](#secrets))',
    isSecret: true,
    isCommon: true,
  },
  RELAY_AUDIT_URL: {
    group: 'Data and accounts',
    kind: 'URL',
    default: null,
    meaning:
      'where signed heads of the audit trail are kept as well: `file:` or `https:` (`http:` on the loopback) ([people.md](people.md#the-audit-trail))',
    isSecret: true,
  },
  RELAY_POLICY: {
    group: 'Uploads and devices',
    kind: 'choice',
    default: 'deidentified',
    choices: ['identified', 'deidentified'],
    meaning: 'the preselected policy: `deidentified` or `identified`',
    isCommon: true,
  },
  RELAY_UPLOAD_EXPIRES_HOURS: {
    group: 'Uploads and devices',
    kind: 'hours',
    // A week: a tablet that spent the weekend in a drawer continues where it was, and disk space is freed eventually.
    default: 168,
    from: 1,
    // A year. Beyond it a parcel would outlive the promise that it belongs to.
    to: 8_760,
    expected: 'the hours after which an unfinished parcel is given up',
    meaning: 'how long an unfinished parcel is kept; then the device sends it again',
  },
  RELAY_LABEL_HOURS: {
    group: 'Uploads and devices',
    kind: 'hours',
    // A shift. After two days, nobody needs a label any more.
    default: 12,
    from: 0,
    to: 48,
    expected: 'the hours after sign-in for which devices keep labels of studies',
    atZero: 'never',
    meaning:
      'how long after sign-in a device keeps the local label of a study (initials and the last three characters of the Patient ID) once its title is erased',
  },
  RELAY_LOCK_MINUTES: {
    group: 'Uploads and devices',
    kind: 'minutes',
    // Long enough for positioning a patient between two touches. With more, a tablet that was put down would show names
    // to whoever picks it up.
    default: 15,
    from: 0,
    // A working day. A longer time would hardly ever lock a device.
    to: 480,
    expected: 'the minutes without a touch or a key after which devices sign the person out',
    atZero: 'never',
    meaning:
      'after how long without a touch or a key the app signs the person out of a device and clears its screen; sending continues ([operate.md](operate.md#devices-that-are-put-down))',
  },
  PACS_URL: {
    group: 'The PACS',
    kind: 'URL',
    default: null,
    without: 'embedded Orthanc',
    meaning: 'your PACS: its DICOMweb root',
    isCommon: true,
  },
  PACS_AUTHORIZATION: {
    group: 'The PACS',
    kind: 'header',
    default: null,
    meaning: 'a whole `Authorization` header for that PACS',
    isSecret: true,
    isCommon: true,
  },
  RELAY_PACS_PORT: { group: 'The PACS', kind: 'port', default: 8042, meaning: 'the embedded Orthanc' },
  RELAY_PACS_PROOF: {
    group: 'The PACS',
    kind: 'choice',
    default: null,
    choices: ['found', 'digest', 'read-back', 'read-back-sample'],
    example: 'read-back',
    without: '`digest` at Orthanc, `read-back` in a folder, else `found`',
    meaning:
      'how stored instances are proven: the PACS lists them, its own digest is that of our bytes, each is read back and compared, or one in twenty is',
  },
  RELAY_PACS_LAG_MINUTES: {
    group: 'The PACS',
    kind: 'minutes',
    // Some PACSs index what they stored only minutes later. With a shorter time, delivered studies would be called lost
    // and posted again; with a longer one, a PACS that loses images would be noticed later.
    default: 10,
    from: 0,
    to: LAG_MINUTES_LIMIT,
    expected: 'the minutes after which the PACS shows what it stored',
    meaning:
      'how long the PACS may take to show what it stored, counted while the gateway runs; before, nothing is called lost or posted again',
  },
  HTTPS_PROXY: {
    group: 'The PACS',
    kind: 'URL',
    default: null,
    meaning: 'the proxy for `https:` requests to PACSs; also in small letters',
  },
  NO_PROXY: {
    group: 'The PACS',
    kind: 'addresses',
    default: null,
    meaning: 'the hosts that are reached without that proxy (this machine always is); also in small letters',
  },
  RELAY_FOLDER_ROOT: {
    group: 'The PACS',
    kind: 'folder',
    default: null,
    meaning:
      'the folder beneath which folders may be destinations; without it there are none ([pacs.md](pacs.md#destinations))',
  },
  RELAY_LINK_LOCAL: {
    group: 'The PACS',
    kind: 'choice',
    default: null,
    choices: ['allow'],
    without: 'refused',
    meaning:
      'the gateway also connects to link-local addresses, where clouds have their metadata services ([security.md](security.md))',
  },
  RELAY_DIMSE_PORT: {
    group: 'Modalities (DIMSE)',
    kind: 'port',
    default: null,
    // The port above 1023 that IANA has registered for DICOM.
    example: 11_112,
    without: 'none: off',
    meaning:
      'the port on which modalities store over DIMSE, and PACSs report on storage commitment ([pacs.md](pacs.md#modalities-that-store-over-dimse))',
  },
  RELAY_DIMSE_HOST: {
    group: 'Modalities (DIMSE)',
    kind: 'address',
    default: '127.0.0.1',
    without: 'the loopback',
    meaning: 'the address on which that port listens: that of the network of the modalities, and of no other',
  },
  RELAY_DIMSE_AE_TITLE: {
    group: 'Modalities (DIMSE)',
    kind: 'AE title',
    default: 'RELAYPACS',
    meaning: 'the AE title by which modalities call the gateway',
  },
  RELAY_DIMSE_TLS_CERT: {
    group: 'Modalities (DIMSE)',
    kind: 'file',
    default: null,
    without: 'none: clear text',
    meaning:
      'the certificate with its chain, in PEM: with it that port speaks TLS alone. Looked at every minute, as `RELAY_TLS_CERT` is',
  },
  RELAY_DIMSE_TLS_KEY: {
    group: 'Modalities (DIMSE)',
    kind: 'file',
    default: null,
    meaning: 'the key of that certificate, in PEM, without a password',
  },
  RELAY_DIMSE_TLS_CA: {
    group: 'Modalities (DIMSE)',
    kind: 'file',
    default: null,
    meaning:
      'authorities, in PEM: whoever calls that port shows a certificate of one of them. Read at the start',
  },
  RELAY_VIEWER_PORT: {
    group: 'The built-in viewer',
    kind: 'port',
    default: null,
    example: 3001,
    meaning:
      'the port of the built-in viewer (OHIF), an origin of its own; without it there is none ([pacs.md](pacs.md#the-built-in-viewer))',
  },
  RELAY_VIEWER_URL: {
    group: 'The built-in viewer',
    kind: 'URL',
    default: null,
    without: '`RELAY_PUBLIC_URL` with that port',
    meaning: 'where users find the viewer',
  },
  RELAY_VIEWER_PACKAGE: {
    group: 'The built-in viewer',
    kind: 'URL',
    default: null,
    without: 'npm',
    meaning: 'where the gateway fetches OHIF’s package: `https:`, or `file:` without the Internet',
  },
} as const satisfies Readonly<Record<string, Setting>>;

type Table = typeof SETTINGS;
export type SettingName = keyof Table;
/** The names of all settings whose entry has this form. */
export type NameOf<Form> = {
  [Name in SettingName]: Table[Name] extends Form ? Name : never;
}[SettingName];

/** All names, in the order of the table. */
export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];
