/**
 * The path as the routes know it: without the prefix under which browsers see us, and with
 * the doubled `/api/api/` that some clients build (signaling.md b.7) made single.
 */
export function localPath(path: string, prefix: string): string {
  let local = path;
  if (prefix !== '' && (local === prefix || local.startsWith(`${prefix}/`))) {
    local = local.slice(prefix.length);
    if (local === '') local = '/';
  }
  return local.startsWith('/api/api/') ? local.slice('/api'.length) : local;
}
