"""The demo inspection set: five products, their defects, the bench they are pictured on."""
