/**
 * Writes the tables of settings in docs/install.md (all of them, by group) and in the README (those that people change)
 * from gateway/src/settings.ts.
 *
 *   node scripts/generate-settings.ts [--check]     --check writes nothing and exits 1 where a table is not what would be written
 */
import { eitherOf, PORTS } from '../gateway/src/read-setting.ts';
import { SETTING_NAMES, SETTINGS, type Setting } from '../gateway/src/settings.ts';
import { writeTable } from './system/write-table.ts';

type Named = Setting & { readonly name: string };

const ALL: readonly Named[] = SETTING_NAMES.map((name) => ({ name, ...SETTINGS[name] }));

const asCode = (text: string): string => `\`${text}\``;

function formOf(setting: Named): string {
  switch (setting.kind) {
    case 'choice':
      return eitherOf(setting.choices.map(asCode));
    case 'port':
      return `port, ${PORTS.from} to ${PORTS.to}`;
    case 'hours':
    case 'minutes':
    case 'requests a minute':
      return `${setting.kind}, ${setting.from}${setting.atZero ? ` (${setting.atZero})` : ''} to ${setting.to}`;
    default:
      return setting.isSecret ? `${setting.kind}, [secret](#secrets)` : setting.kind;
  }
}

function defaultOf(setting: Named): string {
  if (setting.without !== undefined) return setting.without;
  if (setting.default === null) return 'none';
  return typeof setting.default === 'number' ? String(setting.default) : asCode(setting.default);
}

/** A Markdown table: `heads`, and a row a setting. */
function tableOf(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, heads.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function byGroup(): string {
  const groups = Map.groupBy(ALL, ({ group }) => group);
  const parts = [...groups].map(([group, settings]) => {
    const rows = settings.map((each) => [asCode(each.name), formOf(each), defaultOf(each), each.meaning]);
    return `### ${group}\n\n${tableOf(['variable', 'form', 'default', 'meaning'], rows)}`;
  });
  return parts.join('\n\n');
}

function inReadme(): string {
  const rows = ALL.filter(({ isCommon }) => isCommon).map((each) => [
    asCode(each.name),
    defaultOf(each),
    each.meaning.replaceAll('](#', '](install.md#').replaceAll('](', '](docs/'),
  ]);
  return tableOf(['variable', 'default', 'meaning'], rows);
}

const isCheck = process.argv.includes('--check');
const stale = [
  ...(writeTable('docs/install.md', 'settings', byGroup(), isCheck) ? ['docs/install.md'] : []),
  ...(writeTable('README.md', 'settings', inReadme(), isCheck) ? ['README.md'] : []),
];
if (isCheck && stale.length > 0) {
  console.error(`${stale.join(', ')}: the settings are not current: run node scripts/generate-settings.ts`);
  process.exitCode = 1;
}
