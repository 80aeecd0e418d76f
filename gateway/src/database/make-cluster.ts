/**
 * `node make-cluster.ts FOLDER`: makes an empty database there and ends. In a process of its own, because
 * what it takes for a moment (700 MB) would stay with the gateway. It ends when the process that started it
 * is gone.
 */
import { PGlite } from '@electric-sql/pglite';

process.stdin.on('end', () => process.exit(1)).resume();
const pglite = await PGlite.create(process.argv[2]!);
await pglite.close();
process.exit(0);
