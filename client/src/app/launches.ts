/**
 * Takes files that the system opens with the installed app, and pages that the app's shortcuts name (Launch Handler
 * API, File Handling API). They arrive in the open window without reloading it.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';

/** The DOM's types do not include this yet. */
interface LaunchParams {
  readonly targetURL?: string;
  readonly files?: readonly { getFile?(): Promise<File> }[];
}
type Launching = { readonly launchQueue?: { setConsumer(consumer: (launch: LaunchParams) => void): void } };

interface LaunchTools {
  /** Shows the page with this `#` address. */
  readonly show: (hash: string) => void;
  readonly take: (files: readonly File[]) => Promise<void>;
}

/** Handles launches from now on. Does nothing in a browser without the API. */
export function takeLaunches(scope: object, { show, take }: LaunchTools): void {
  (scope as Launching).launchQueue?.setConsumer(({ targetURL, files = [] }) => {
    if (files.length > 0) void ignoreFailure(takeFiles(files), 'a file that is gone again is not shown');
    else if (targetURL && new URL(targetURL).hash) show(new URL(targetURL).hash);
  });

  async function takeFiles(handles: NonNullable<LaunchParams['files']>): Promise<void> {
    const chosen = await Promise.all(handles.map(async (handle) => handle.getFile?.()));
    show('#/');
    // An entry for a folder has no `getFile`.
    await take(chosen.filter((file) => file !== undefined));
  }
}
