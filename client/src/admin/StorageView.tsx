/** The gateway's disk: how full it is, what occupies it, and files that nothing needs. */
import type { Storage } from '#shared/protocol/storage.ts';
import { formatBytes, formatCount } from '../kit/format.ts';
import { Notice } from '../kit/Notice.tsx';
import { usePageStore } from '../net/use-page-store.ts';
import { AdminPage } from './AdminPage.tsx';
import { storageWords as words } from './storage-words.ts';
import { createStorageStore } from './storage.store.ts';

const REFRESH_MS = 30_000;

export function StorageView() {
  const store = usePageStore(createStorageStore, REFRESH_MS);
  return (
    <AdminPage at="storage" intro={words.intro} of={store.storage} trouble={store.trouble}>
      {({ disk, parts, tables, orphans }) => (
        <>
          <Disk of={disk} />
          <Sizes
            title={words.parts}
            rows={parts.map(({ what, bytes, elsewhere }) => ({
              name: words.part[what],
              bytes,
              note: elsewhere ? words.elsewhere : null,
            }))}
          />
          <section class="stack" aria-label={words.orphans}>
            <h2>{words.orphans}</h2>
            <p class="numbers">
              {orphans.files === 0
                ? words.noOrphans
                : words.orphanCount(orphans.files, formatBytes(orphans.bytes))}
            </p>
            {orphans.files > 0 && (
              <button
                type="button"
                class="button"
                disabled={store.isBusy.value}
                onClick={() => void store.removeOrphans()}
              >
                {words.remove}
              </button>
            )}
          </section>
          <Sizes
            title={words.tables}
            rows={tables.map(({ name, bytes, rows }) => ({
              ...{ name, bytes },
              note: words.rows(formatCount(rows)),
            }))}
          />
        </>
      )}
    </AdminPage>
  );
}

function Disk({ of: { bytes, freeBytes, floorBytes, isLow } }: { readonly of: Storage['disk'] }) {
  const says = words.free(formatBytes(freeBytes), formatBytes(bytes));
  return (
    <section class="stack" aria-label={words.disk}>
      <h2>{words.disk}</h2>
      {isLow && (
        <Notice kind="stop" title={words.low}>
          <p>{words.lowNext}</p>
        </Notice>
      )}
      <progress class="disk-used" aria-label={says} max={bytes} value={bytes - freeBytes} />
      <p class="numbers">{says}</p>
      <p class="small quiet numbers">{words.floor(formatBytes(floorBytes))}</p>
    </section>
  );
}

type SizesProps = {
  readonly title: string;
  readonly rows: readonly { readonly name: string; readonly bytes: number; readonly note: string | null }[];
};

/** The largest first, each with a bar beside the largest one. */
function Sizes({ title, rows }: SizesProps) {
  const most = rows[0]?.bytes ?? 1;
  return (
    <section class="stack" aria-label={title}>
      <h2>{title}</h2>
      <ul class="plain">
        {rows.map(({ name, bytes, note }) => (
          <li key={name} class="hairline admin-row">
            <div class="admin-what">
              <p class="kept">{name}</p>
              {note && <p class="small quiet numbers">{note}</p>}
              <div class="bar" aria-hidden="true">
                <div class="bar-fill" style={{ inlineSize: `${(bytes / most) * 100}%` }} />
              </div>
            </div>
            <p class="numbers strong">{formatBytes(bytes)}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}
