import { stat } from 'node:fs/promises';

/**
 * What root writes into the folder of a service would be closed to the service. So root does the
 * work as the owner of the folder.
 */
export async function asOwnerOf<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const { seteuid, setegid } = process;
  if (process.geteuid?.() !== 0 || seteuid === undefined || setegid === undefined) return work();
  const owner = await stat(folder).catch(() => null);
  if (owner === null || owner.uid === 0) return work();
  const group = process.getegid?.() ?? 0;
  setegid(owner.gid);
  seteuid(owner.uid);
  try {
    return await work();
  } finally {
    seteuid(0);
    setegid(group);
  }
}
