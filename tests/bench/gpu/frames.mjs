export async function countFrames() {}
