export function GET() {
  return new Response(new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('part')) }));
}
