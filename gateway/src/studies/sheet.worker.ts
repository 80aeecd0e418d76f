/** The thread that puts a sheet together. It only passes messages; assemble-sheet.ts does the work. */
import { serveTasks } from '../threads/serve-tasks.ts';
import { giving } from '../threads/thread.ts';
import { assembleSheet } from './assemble-sheet.ts';
import type { SheetTalk } from './sheet-thread.ts';

serveTasks<SheetTalk>(async (task, ask) => {
  const sheet = await assembleSheet(task, (question) => ask(giving(question)));
  return giving(sheet, sheet.pdf.buffer);
});
