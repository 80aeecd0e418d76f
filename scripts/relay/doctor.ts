/**
 * `relay doctor URL`: looks at a PACS and says what is wrong and what to change. Exit 0: nothing fails (there
 * may be warnings); 1: something does; 2: wrong usage; 3: the PACS cannot be reached. The work is done by
 * gateway/src/doctor; this prints.
 */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { blockedOf, pacsProxyOf } from '../../gateway/src/config.ts';
import { CHECKS } from '../../gateway/src/doctor/checks.ts';
import type { Finding } from '../../gateway/src/doctor/diagnoses.ts';
import { examinePacs, type PacsReport } from '../../gateway/src/doctor/examine-pacs.ts';
import { parseDimseAddress } from '#shared/protocol/dimse-address.ts';
import { parseArguments, printable, UsageError, type Arguments } from './arguments.ts';
import type { Surroundings } from './command.ts';

export async function doctor(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseArguments(args, { values: ['authorization', 'ca'], flags: ['store', 'json'] });
  const url = parseRoot(options.rest);
  const connection = {
    url,
    authorization: authorizationOf(options, around),
    ca: await caOf(options),
    blocked: blockedOf(around.env, wrong),
  };
  const report = await examinePacs(
    connection,
    { scope: options.flag('store') ? 'store' : 'all', proxy: pacsProxyOf(around.env, wrong) },
    around.signal,
  );
  if (options.flag('json')) around.print(JSON.stringify({ url, ...report }, null, 2));
  else for (const line of toLines(url, report)) around.print(line);
  if (!report.isReached) return 3;
  return report.findings.some(({ result }) => result === 'fail') ? 1 : 0;
}

/** Throws UsageError. */
function parseRoot([text, ...more]: readonly string[]): string {
  if (text === undefined || more.length > 0)
    throw new UsageError('name one address: the DICOMweb root, or dimse://CALLING@HOST:PORT/CALLED');
  if (/^dimse(-tls)?:/.test(text)) {
    if (parseDimseAddress(text) !== null) return text;
    throw new UsageError(`${printable(text)} is not dimse://CALLING@HOST:PORT/CALLED, or dimse-tls://…`);
  }
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new UsageError(`${printable(text)} is not an http or https URL`);
  if (url.username || url.password)
    throw new UsageError('the address must not hold a password: give --authorization');
  return url.origin + url.pathname.replace(/\/+$/, '');
}

/** PACS_AUTHORIZATION keeps it out of the list of processes. */
function authorizationOf(options: Arguments, { env }: Surroundings): string | null {
  const given = options.value('authorization') ?? env.PACS_AUTHORIZATION?.trim();
  if (!given) return null;
  if (!/^[\x20-\x7e]+$/.test(given))
    throw new UsageError('--authorization is the value of an Authorization header, for example "Bearer …"');
  return given;
}

/** Takes the mistakes of the settings that the gateway reads too: HTTPS_PROXY, NO_PROXY and RELAY_LINK_LOCAL. */
const wrong = (what: string): never => {
  throw new UsageError(what);
};

async function caOf(options: Arguments): Promise<string | null> {
  const path = options.value('ca');
  if (path === null) return null;
  try {
    const text = await readFile(path, 'utf8');
    return new X509Certificate(text) && text;
  } catch {
    throw new UsageError(`${printable(path)} is not a certificate in PEM that can be read`);
  }
}

const MARKS = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL', skipped: '-   ' } as const;
const WIDTH = Math.max(...Object.values(CHECKS).map(({ title }) => title.length));
const INDENT = ' '.repeat(WIDTH + MARKS.ok.length + 2);

function* toLines(url: string, { findings, settings }: PacsReport): Generator<string> {
  yield url;
  for (const { check, result, says, change } of findings) {
    yield `${MARKS[result]}  ${CHECKS[check].title.padEnd(WIDTH)}  ${says}`;
    if (result === 'ok' || result === 'skipped') continue;
    for (const { at, text } of change) yield `${INDENT}→ ${at === 'any' ? '' : `${at}: `}${text}`;
  }
  yield '';
  yield countOf(findings);
  const { lagMinutes, proof, bodyBytes } = settings;
  if (bodyBytes !== null) yield `Largest body that passed: ${bodyBytes} bytes.`;
  // The settings fit a PACS that works. A larger limit of a request changes none of them.
  if (findings.some(({ check, result }) => check !== 'body-size' && result === 'fail')) return;
  yield 'Settings for the gateway:';
  if (!url.startsWith('dimse')) yield `  PACS_URL=${url}`;
  if (lagMinutes !== null) yield `  RELAY_PACS_LAG_MINUTES=${lagMinutes}`;
  if (proof !== null) yield `  RELAY_PACS_PROOF=${proof}`;
}

function countOf(findings: readonly Finding[]): string {
  const count = (wanted: Finding['result']) => findings.filter(({ result }) => result === wanted).length;
  const fails = count('fail');
  const warnings = count('warn');
  if (fails + warnings === 0) return 'Nothing is wrong.';
  return `${fails} ${fails === 1 ? 'problem' : 'problems'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}.`;
}
