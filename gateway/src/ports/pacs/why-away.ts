/** Why a PACS cannot be used: temporary reasons, and those that an administrator has to fix. */
import { UNKNOWN_CALLED_AE, UNKNOWN_CALLING_AE } from '../../dimse/association-failed.ts';
import { CLASS_NOT_SUPPORTED } from '../../dimse/command-fields.ts';
import { BLOCKED } from '../../refuse-link-local.ts';
import {
  FOLDER_OVERFULL,
  FOLDERS_NOT_ALLOWED,
  FOREIGN_ENTRY,
  MALFORMED_TOKEN,
  NO_DESTINATION,
  NOT_ORTHANC,
  SECRETS_UNREADABLE,
  type PacsUnreachable,
} from './pacs.ts';

export const WHY_AWAY = ['pacs-unreachable', 'pacs-refuses-sign-in', 'pacs-settings-wrong'] as const;
type WhyAway = (typeof WHY_AWAY)[number];

/**
 * The names that the system and the adapters use for a wrong folder or setting. A host name that is not found
 * (ENOTFOUND) is not among them: that also happens while a container is stopped or a name server fails, and is
 * temporary.
 */
const WRONG_SETTINGS: readonly string[] = [
  ...[NO_DESTINATION, SECRETS_UNREADABLE, FOLDERS_NOT_ALLOWED, FOREIGN_ENTRY, FOLDER_OVERFULL],
  ...[NOT_ORTHANC, MALFORMED_TOKEN, BLOCKED],
  ...[UNKNOWN_CALLED_AE, UNKNOWN_CALLING_AE],
  ...['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS'],
];
/** OpenSSL's names for an invalid certificate chain, and Node's for a failed TLS handshake. */
const CERTIFICATE = /^(ERR_(TLS|SSL)_|CERT_|UNABLE_TO_)|SELF_SIGNED_CERT/;
/** Unauthorized, Forbidden, Proxy Authentication Required. */
const SIGN_IN_REFUSED: readonly number[] = [401, 403, 407];
/** Request Timeout, Too Early, Too Many Requests. */
const PASSING: readonly number[] = [408, 425, 429];
/** Not Implemented (HTTP), and SOP Class Not Supported (DIMSE). */
const NOT_OFFERED: readonly number[] = [501, CLASS_NOT_SUPPORTED];

export function whyAway({ status, connection }: PacsUnreachable): WhyAway {
  if (connection !== null && (WRONG_SETTINGS.includes(connection) || CERTIFICATE.test(connection)))
    return 'pacs-settings-wrong';
  return status === null ? 'pacs-unreachable' : ofStatus(status);
}

function ofStatus(status: number): WhyAway {
  if (SIGN_IN_REFUSED.includes(status)) return 'pacs-refuses-sign-in';
  const isAnswered = status >= 300 && status < 500 && !PASSING.includes(status);
  return isAnswered || NOT_OFFERED.includes(status) ? 'pacs-settings-wrong' : 'pacs-unreachable';
}
