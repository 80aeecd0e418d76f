/** The settings of the built-in viewer: its port, its origin, and where its package comes from. */
import type { SettingName } from '../settings.ts';

export type ViewerSettings = {
  readonly port: number;
  /** The viewer's origin, as users see it. */
  readonly url: string;
  /** Where the package comes from; null: npm. */
  readonly package: string | null;
};

/** The web app's origin; the ports of the API and of the app. */
type Beside = { readonly app: URL; readonly port: number; readonly webPort: number };
type Report = (mistake: string) => void;

/**
 * By default the viewer has the host name of the web app. With a host name of its own, it shares no cookies with the
 * app.
 */
export function readViewerSettings(
  setting: (name: SettingName) => string | undefined,
  { app, ...taken }: Beside,
  wrong: Report,
): ViewerSettings | null {
  const text = setting('RELAY_VIEWER_PORT');
  if (text === undefined) return null;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535 || port === taken.port || port === taken.webPort)
    wrong('RELAY_VIEWER_PORT must be a port from 1 to 65535 of its own, for example RELAY_VIEWER_PORT=3001.');
  const url = URL.parse(setting('RELAY_VIEWER_URL') ?? `${app.protocol}//${app.hostname}:${port}`);
  const isOrigin = url !== null && url.href === `${url.origin}/` && url.protocol === app.protocol;
  if (!isOrigin || url.origin === app.origin)
    wrong(
      'RELAY_VIEWER_URL must be the address of the viewer without a path: another one than the web app’s, with the same scheme, for example RELAY_VIEWER_URL=https://viewer.example.org.',
    );
  const from = setting('RELAY_VIEWER_PACKAGE') ?? null;
  if (from !== null && !['https:', 'http:', 'file:'].includes(URL.parse(from)?.protocol ?? ''))
    wrong(
      'RELAY_VIEWER_PACKAGE must begin with https:, http: or file:, for example RELAY_VIEWER_PACKAGE=file:///srv/ohif-app.tgz.',
    );
  return { port, url: url?.origin ?? '', package: from };
}
