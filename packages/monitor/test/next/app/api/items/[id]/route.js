export async function GET(_request, { params }) {
  const { id } = await params;
  return id === 'raw-missing' ? new Response(null, { status: 404 }) : new Response('item');
}

export async function POST(request) {
  await request.arrayBuffer();
  return new Response(null, { status: 201 });
}
