/**
 * The viewers of a site: addresses with a placeholder for the Study Instance UID, opened from the app, and the built-in
 * viewer, which an administrator turns on.
 */
import { z } from 'zod';

const STUDY_PLACE = '{StudyInstanceUID}';
export const VIEWERS_LIMIT = 5;

/** Schemes of web pages and of installed viewers. None of them runs code in the app. */
const SCHEMES: readonly string[] = ['https:', 'http:', 'weasis:', 'radiant:', 'osirix:', 'horos:'];

/**
 * The address of Weasis is a command after the scheme, such as `$dicom:rs --url "…" -r "studyUID={StudyInstanceUID}"`,
 * written as in its manual or URL-encoded (https://weasis.org/en/getting-started/weasis-protocol). Some sites put a
 * question mark before it.
 */
const WEASIS = /^weasis:\/\/(\??)(.*)$/s;
/** A command consists of visible ASCII and spaces. */
const COMMAND = /^[\x20-\x7e]+$/;
const PASSWORD_IN_URL = /:\/\/[^/\s"]*@/;

/** The command in clear text; null: it cannot be decoded. */
function weasisCommandOf(encoded: string): string | null {
  // An encoded command has neither spaces nor a dollar sign.
  if (/[ $"]/.test(encoded)) return encoded;
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

function isWeasisCommand(encoded: string): boolean {
  const command = weasisCommandOf(encoded);
  if (command === null || !COMMAND.test(command) || PASSWORD_IN_URL.test(command)) return false;
  return command.startsWith('$') && command.includes(STUDY_PLACE);
}

/** The address for one study. */
export function fillViewerAddress(template: string, studyInstanceUID: string): string {
  const [, mark = '', encoded = ''] = WEASIS.exec(template) ?? [];
  const command = encoded === '' ? null : weasisCommandOf(encoded);
  if (command === null) return template.replaceAll(STUDY_PLACE, encodeURIComponent(studyInstanceUID));
  return `weasis://${mark}${encodeURIComponent(command.replaceAll(STUDY_PLACE, studyInstanceUID))}`;
}

function isViewerAddress(template: string): boolean {
  const weasis = WEASIS.exec(template);
  if (weasis !== null) return isWeasisCommand(weasis[2]!);
  const url = URL.parse(fillViewerAddress(template, '1.2'));
  if (url === null || !template.includes(STUDY_PLACE)) return false;
  // A UID in the host part of the address would lead to another host.
  const isElsewhere = URL.parse(fillViewerAddress(template, '1.3'))?.host !== url.host;
  return SCHEMES.includes(url.protocol) && !isElsewhere && url.username + url.password === '';
}

export const viewerSchema = z.strictObject({
  /** The viewer's name for people. */
  title: z.string().trim().min(1).max(60),
  /** Contains `{StudyInstanceUID}` and no password. */
  address: z.string().max(2000).refine(isViewerAddress, 'no viewer’s address'),
});
export type Viewer = z.infer<typeof viewerSchema>;
export const viewersSchema = z.strictObject({ viewers: z.array(viewerSchema).max(VIEWERS_LIMIT) });

/**
 * Answer of `POST /studies/{studyInstanceUID}/viewer-link`: links in the order that the administrator gave the viewers.
 */
export const viewerLinksSchema = z.object({
  links: z.array(
    z.object({
      title: z.string(),
      url: z.string(),
      /** Token of the built-in viewer. It is POSTed as the form field `token`, so that no address contains it. */
      token: z.string().optional(),
    }),
  ),
});
export type ViewerLink = z.infer<typeof viewerLinksSchema>['links'][number];

/** Answer of `GET /studies/{studyInstanceUID}/viewers`: the viewers' names, in the same order. */
export const studyViewersSchema = z.object({ titles: z.array(z.string()) });

const VIEWER_STATES = ['no-port', 'absent', 'fetching', 'off', 'on'] as const;
/**
 * Problems of installing the built-in viewer. `name-not-found` to `unreachable` concern reaching the package's host.
 * `proxy-refuses`: the proxy of HTTPS_PROXY refuses the connection; `bad-status`: the answer is not a package.
 */
const VIEWER_PROBLEMS = [
  ...(['name-not-found', 'refused', 'no-answer', 'not-trusted', 'proxy-refuses', 'bad-status'] as const),
  ...(['unreachable', 'not-there', 'wrong-digest', 'damaged', 'no-room', 'disk-error'] as const),
] as const;
/** Why the built-in viewer could not be installed. */
export type ViewerProblem = (typeof VIEWER_PROBLEMS)[number];

/** Answer of `/admin/viewer`. */
export const builtInViewerSchema = z.object({
  /** `no-port`: the setting RELAY_VIEWER_PORT is missing. `absent`: the viewer is not on the gateway's disk. */
  state: z.enum(VIEWER_STATES),
  /** Version of OHIF. */
  version: z.string(),
  /** Size of the download in bytes, and how many have been fetched. */
  size: z.number().int(),
  fetched: z.number().int(),
  problem: z.enum(VIEWER_PROBLEMS).nullable(),
  /** Details of the problem: the name of the error, or the status of the answer. */
  code: z.string().nullable(),
  /** The host that the package is fetched from; null: this machine already has a copy. */
  host: z.string().nullable(),
  /** HTTPS_PROXY is set. */
  hasProxy: z.boolean(),
});
export type BuiltInViewer = z.infer<typeof builtInViewerSchema>;
