/**
 * `relay config export [FILE]`, `plan FILE`, `apply FILE`: what a site has set, as one JSON file. Exit 0: done, or
 * nothing to do; 1: the file has mistakes, which are named, and nothing was changed.
 */
import { readFile, writeFile } from 'node:fs/promises';
import {
  configurationOutcomeSchema,
  configurationSchema,
  type ConfigurationOutcome,
} from '#shared/protocol/configuration.ts';
import { problemOf } from '../../client/src/net/api-client.ts';
import { parseArguments, printable, UsageError } from './arguments.ts';
import type { Surroundings } from './command.ts';
import { connect, CONNECTION_OPTIONS } from './connect.ts';

const PATH = '/admin/config';
const WORDS = { add: 'added', change: 'changed', remove: 'removed' } as const;
const PLANNED = { add: 'would be added', change: 'would be changed', remove: 'would be removed' } as const;

export async function configExport(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseArguments(args, { values: [...CONNECTION_OPTIONS], flags: ['json'] });
  const [path, ...more] = options.rest;
  if (more.length > 0) throw new UsageError('name at most one file');
  const { api } = await connect(options, around);
  const document = await api.json(PATH, configurationSchema, { signal: around.signal });
  const text = JSON.stringify(document, null, 2);
  if (path === undefined) around.print(text);
  else await writeFile(path, `${text}\n`, { mode: 0o600 });
  return 0;
}

export const configPlan = (args: readonly string[], around: Surroundings): Promise<number> =>
  put(args, around, '?plan=true');
export const configApply = (args: readonly string[], around: Surroundings): Promise<number> =>
  put(args, around, '');

async function put(args: readonly string[], around: Surroundings, query: string): Promise<number> {
  const options = parseArguments(args, { values: [...CONNECTION_OPTIONS], flags: ['json'] });
  const [path, ...more] = options.rest;
  if (path === undefined || more.length > 0) throw new UsageError('name one file');
  const body = await readFile(path, 'utf8');
  const { api } = await connect(options, around);
  const response = await api.send(`${PATH}${query}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body,
    signal: around.signal,
  });
  if (!response.ok) {
    const problem = await problemOf(response);
    if (problem.anyCode !== 'configuration-wrong') throw problem;
    for (const line of (problem.detail ?? problem.message).split('; ')) around.say(printable(line));
    return 1;
  }
  const outcome = configurationOutcomeSchema.parse(await response.json());
  if (options.flag('json')) around.print(JSON.stringify(outcome, null, 2));
  else for (const line of linesOf(outcome)) around.print(line);
  return 0;
}

function linesOf({ isApplied, changes }: ConfigurationOutcome): readonly string[] {
  if (changes.length === 0) return ['Nothing differs.'];
  return changes.map(({ part, name, change, fields }) => {
    const where = fields.length === 0 ? '' : `: ${fields.join(', ')}`;
    const what = [part, name].filter(Boolean).join(' ');
    return printable(`${what} ${(isApplied ? WORDS : PLANNED)[change]}${where}`);
  });
}
