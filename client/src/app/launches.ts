/**
 * Takes files that the system opens with the installed app, and pages that its shortcuts name (Launch Handler
 * API, File Handling API). They arrive in the open window without reloading it.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';

/** The DOM's types do not know it yet. */
interface LaunchParams {
  readonly targetURL?: string;
  readonly files?: readonly { getFile?(): Promise<File> }[];
}
type Launching = { readonly launchQueue?: { setConsumer(consumer: (launch: LaunchParams) => void): void } };

interface LaunchTools {
  /** Shows the page behind this `#`. */
  readonly show: (hash: string) => void;
  readonly take: (files: readonly File[]) => Promise<void>;
}

/** Takes launches from now on; does nothing in a browser that has none. */
export function takeLaunches(scope: object, { show, take }: LaunchTools): void {
  (scope as Launching).launchQueue?.setConsumer(({ targetURL, files = [] }) => {
    if (files.length > 0) void ignoreFailure(takeFiles(files), 'a file that is gone again is not shown');
    else if (targetURL && new URL(targetURL).hash) show(new URL(targetURL).hash);
  });

  async function takeFiles(handles: NonNullable<LaunchParams['files']>): Promise<void> {
    const chosen = await Promise.all(handles.map(async (handle) => handle.getFile?.()));
    show('#/');
    // A folder that was opened has no file of its own.
    await take(chosen.filter((file) => file !== undefined));
  }
}
