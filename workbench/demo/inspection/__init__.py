"""The demo inspection set: five drawn products, their defects, and the bench they are pictured on."""
