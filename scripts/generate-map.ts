/**
 * Writes the tables of rooms in docs/develop.md from scripts/check/rooms.ts.
 *
 *   node scripts/generate-map.ts [--check]     --check writes nothing and exits 1 where the tables are not what would be written
 */
import { ROOMS } from './check/rooms.ts';
import { writeTable } from './system/write-table.ts';

const tables = Object.entries(ROOMS).map(([side, rooms]) => {
  const rows = rooms.map(([folder, work]) => `| \`${side}/src/${folder}/\` | ${work} |`);
  return [`| room of the ${side} | work |`, '| --- | --- |', ...rows].join('\n');
});
const isCheck = process.argv.includes('--check');
const wasStale = writeTable('docs/develop.md', 'rooms', tables.join('\n\n'), isCheck);
if (isCheck && wasStale) {
  console.error('docs/develop.md: the rooms are not current: run node scripts/generate-map.ts');
  process.exitCode = 1;
}
