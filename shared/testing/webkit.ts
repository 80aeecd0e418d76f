/** WebKitGTK's MiniBrowser on a display of its own, driven through WebDriver (W3C). */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { freePort } from '../../scripts/system/ports.ts';
import { createDrivenPage, type DrivenPage, type Driver } from './driven-browser.ts';
import type { WebKitPrograms } from './environment.ts';
import { until } from './gateway-under-test.ts';

/** W3C WebDriver §12: the name under which an element travels. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

type Command = <T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => Promise<T>;

const commandAt =
  (root: string): Command =>
  async <T>(method: string, path: string, body?: object) => {
    const answer = await fetch(`${root}${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
    const { value } = (await answer.json()) as { value: T & { error?: string; message?: string } };
    if (!answer.ok) throw new Error(`${method} ${path}: ${value.error} ${value.message}`);
    return value;
  };

function createDriver(
  command: Command,
  session: string,
  version: string,
  close: () => Promise<void>,
): Driver {
  const path = `/session/${session}`;
  return {
    version,
    close,
    async navigate(url) {
      await command('POST', `${path}/url`, { url });
    },
    async evaluate(expression) {
      const script = `const done = arguments[0];
        (async () => JSON.stringify((await ${expression}) ?? null))()
          .then((value) => done({ value }), (error) => done({ error: String(error) }));`;
      const { value, error } = await command<{ value?: string; error?: string }>(
        'POST',
        `${path}/execute/async`,
        { script, args: [] },
      );
      if (error !== undefined) throw new Error(error);
      return JSON.parse(value ?? 'null');
    },
    async perform(actions) {
      await command('POST', `${path}/actions`, { actions: [actions] });
    },
    async setFiles(selector, paths) {
      const found = await command<Record<string, string>>('POST', `${path}/element`, {
        using: 'css selector',
        value: selector,
      });
      await command('POST', `${path}/element/${found[ELEMENT]}/value`, { text: paths.join('\n') });
    },
  };
}

/** The number of a free display, which Xvfb chooses and writes to its third file descriptor. */
async function startDisplay(program: string): Promise<{ display: string; process: ChildProcess }> {
  const xvfb = spawn(program, ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const number = createInterface({ input: xvfb.stdio[3] as NodeJS.ReadableStream });
  const [line] = (await once(number, 'line')) as [string];
  return { display: `:${line.trim()}`, process: xvfb };
}

async function end(child: ChildProcess | null): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, 'exit');
}

type Opened = { readonly sessionId: string; readonly capabilities: { readonly browserVersion: string } };

/** @throws Error that says why it does not start. */
export async function openWebKit({ driver, browser, display }: WebKitPrograms): Promise<DrivenPage> {
  const screen = await startDisplay(display);
  const port = await freePort();
  const server = spawn(driver, [`--port=${port}`, '--host=127.0.0.1'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      DISPLAY: screen.display,
      GDK_BACKEND: 'x11',
      WEBKIT_DISABLE_COMPOSITING_MODE: '1',
    },
  });
  const command = commandAt(`http://127.0.0.1:${port}`);
  const close = async (): Promise<void> => {
    await end(server);
    await end(screen.process);
  };
  try {
    await until('WebKitWebDriver to listen', () =>
      command('GET', '/status').then(
        () => true,
        () => false,
      ),
    );
    const { sessionId, capabilities } = await command<Opened>('POST', '/session', {
      capabilities: {
        alwaysMatch: { 'webkitgtk:browserOptions': { binary: browser, args: ['--automation'] } },
      },
    });
    const page = createDriver(command, sessionId, `WebKitGTK ${capabilities.browserVersion}`, async () => {
      await command('DELETE', `/session/${sessionId}`);
      await close();
    });
    return createDrivenPage(page);
  } catch (error) {
    await close();
    throw error;
  }
}
